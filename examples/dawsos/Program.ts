/** The layers of the program, from the outside to the inside. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { createServer } from "node:http"
import { Claude } from "./agents/Claude.ts"
import { DataHarvester } from "./agents/DataHarvester.ts"
import { FinancialAnalyst } from "./agents/FinancialAnalyst.ts"
import { MacroHound } from "./agents/MacroHound.ts"
import { Executor } from "./api/Executor.ts"
import * as Routes from "./api/Routes.ts"
import * as Coordination from "./Coordination.ts"
import * as Database from "./database/Database.ts"
import { Unavailable } from "./Errors.ts"
import * as Traffic from "./load/Traffic.ts"
import { AgentRuntime } from "./orchestrator/AgentRuntime.ts"
import { Orchestrator } from "./orchestrator/Orchestrator.ts"
import * as PackBuilder from "./pack/PackBuilder.ts"
import * as Providers from "./providers/Providers.ts"
import * as Simulator from "./providers/Simulator.ts"
import { Alerts } from "./services/Alerts.ts"
import * as AlertSchedule from "./services/AlertSchedule.ts"
import { Audit } from "./services/Audit.ts"
import { Ledger } from "./services/Ledger.ts"
import { Macro } from "./services/Macro.ts"
import { Notifications, WebhookSink } from "./services/Notifications.ts"
import { Optimizer } from "./services/Optimizer.ts"
import { Attributor, Performance } from "./services/Performance.ts"
import { Pricing } from "./services/Pricing.ts"
import { Ratings } from "./services/Ratings.ts"
import { Reports } from "./services/Reports.ts"
import { Settings } from "./Settings.ts"

/** Outside the program: the providers, who receives webhooks, and the way to them. */
const outside = Layer.mergeAll(Simulator.layer, WebhookSink.layer, FetchHttpClient.layer)

const data = Layer.mergeAll(Providers.layer, Database.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(outside, Coordination.layer))
)

const services = Alerts.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Performance.layer, Attributor.layer, Notifications.layer)),
  Layer.provideMerge(
    Layer.mergeAll(
      Ledger.layer,
      Pricing.layer,
      Macro.layer,
      Ratings.layer,
      Optimizer.layer,
      Reports.layer,
      Audit.layer
    )
  ),
  Layer.provideMerge(data)
)

const runtime = AgentRuntime.layer(Effect.all([FinancialAnalyst, MacroHound, DataHarvester, Claude])).pipe(
  Layer.provide(Layer.mergeAll(FinancialAnalyst.layer, MacroHound.layer, DataHarvester.layer, Claude.layer))
)

/** Everything but the HTTP server: what a test of the whole domain provides. */
export const domain = Layer.mergeAll(Executor.layer, PackBuilder.PackBuilder.layer).pipe(
  Layer.provideMerge(Orchestrator.layer),
  Layer.provideMerge(runtime),
  Layer.provideMerge(services)
)

/** An outage of the providers begins once the first pack is there: everything worked until then. */
const strike = Layer.effectDiscard(Effect.gen(function*() {
  const pricing = yield* Pricing
  const simulator = yield* Simulator.Simulator
  const { fault } = yield* Settings
  yield* pricing.latestPack().pipe(
    Effect.repeat({ until: (pack) => pack?.status === "fresh", schedule: Schedule.spaced("200 millis") }),
    Effect.andThen(
      Effect.forever(Effect.suspend(() => {
        simulator.setFault(fault.current)
        return fault.changed
      }))
    ),
    Effect.catch((error) => Effect.logWarning("the fault did not strike", error)),
    Effect.forkScoped
  )
}))

const jobs = Layer.mergeAll(PackBuilder.scheduled, AlertSchedule.scheduled, strike)

const inUse =
  "the port is in use on 127.0.0.1; stop the program that has it, choose another port, or set PORT=0 for any " +
  "free one"

const server = Layer.unwrap(Effect.gen(function*() {
  const { port } = yield* Settings
  return NodeHttpServer.layer(createServer, { port, host: "127.0.0.1", gracefulShutdownTimeout: "5 seconds" }).pipe(
    Layer.catchTag("ServeError", ({ cause }) => {
      const code = cause instanceof Error && "code" in cause ? cause.code : cause
      const why = code === "EADDRINUSE"
        ? inUse
        : `the API cannot listen on it (${code}); choose a port from 1024 to 65535, or set PORT=0`
      return Layer.effectContext(Effect.fail(new Unavailable({ message: `PORT=${port}: ${why}`, cause })))
    })
  )
}))

// Some lines a second of answers would be in the view's way, which tells of them and of failures.
const api = DawsOs.serve(Routes.layer, { disableLogger: true, disableListenLog: true })

const traffic = Layer.unwrap(Effect.map(HttpServer.HttpServer, (http) => {
  const { address } = http
  return Traffic.layer(`http://127.0.0.1:${"port" in address ? address.port : 0}`)
}))

/** The whole program with its traffic. */
export const layer = Layer.mergeAll(jobs, traffic).pipe(
  Layer.provideMerge(api),
  Layer.provideMerge(server),
  Layer.provide(domain)
)
