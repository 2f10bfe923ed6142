/** `npm start`: `--duration 10s` ends by itself with a summary, `--fault NAME` makes something go wrong. */
import { ErrorTracking, Metrics, Observability, Scrubber, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as TraceTree from "../receiver/TraceTree.ts"
import { demoUsers } from "./database/Seed.ts"
import * as Environment from "./Environment.ts"
import * as Faults from "./Faults.ts"
import { FaultSwitch, steeredByParent } from "./FaultSwitch.ts"
import { Traffic } from "./load/Traffic.ts"
import * as Options from "./Options.ts"
import * as Program from "./Program.ts"
import { Settings } from "./Settings.ts"
import * as Summary from "./Summary.ts"
import { Figures, parse } from "./view/Figures.ts"
import * as LiveView from "./view/LiveView.ts"
import { Screen } from "./view/Screen.ts"

/** Ends the program with exit code 1; what there is to say was said. */
class Failed extends Data.TaggedError("Failed")<{}> {
  override readonly [Runtime.errorReported] = false
}

const url = (host: string, port: number): string =>
  `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host}:${port}`

/** The page that Prometheus would get. */
const scrape = (address: string, { config }: Environment.Environment) =>
  Effect.promise(async () => {
    const token = Option.map(config.metrics.token, (secret) => `Bearer ${Redacted.value(secret)}`)
    const headers = Option.match(token, { onNone: () => ({}), onSome: (authorization) => ({ authorization }) })
    return new Figures(parse(await (await fetch(address, { headers })).text()))
  })

/** What has arrived at the receivers; `linked` collects the events whose trace was seen, since old spans give way. */
const receivedBy = ({ events, traces }: Environment.Environment, linked: Set<string>) =>
  Effect.gen(function*() {
    const spans = traces === undefined ? [] : yield* traces.spans
    const errors = events === undefined ? [] : yield* events.events
    for (const { traceId } of errors) {
      if (traceId !== undefined && spans.some((span) => span.traceId === traceId)) linked.add(traceId)
    }
    const slowest = TraceTree.slowest(spans.filter(({ kind }) => kind === "server"))
    return {
      lastEvent: errors.at(-1),
      slowestTrace: slowest === undefined
        ? undefined
        : TraceTree.render(spans.filter(({ traceId }) => traceId === slowest))
    }
  })

/** The live view: every second on a terminal, else every five seconds. */
const view = Effect.fnUntraced(function*(
  screen: Screen,
  environment: Environment.Environment,
  addresses: string,
  linked: Set<string>
) {
  const metrics = yield* Metrics.Metrics
  const tracing = yield* Tracing.Tracing
  const errors = yield* ErrorTracking.ErrorTracking
  const start = performance.now()
  let history = [{ seconds: 0, figures: new Figures([]) }]
  const tick = Effect.gen(function*() {
    const now = { seconds: (performance.now() - start) / 1000, figures: new Figures(metrics.samples()) }
    history = [...history, now].slice(-11)
    const state = {
      ...now,
      addresses,
      before: history[0] ?? now,
      spans: tracing.accounting(),
      events: errors.accounting(),
      ...(yield* receivedBy(environment, linked))
    }
    screen.show(LiveView.render(state, screen.rows))
  })
  const interval = screen.terminal ? "1 second" : "5 seconds"
  yield* Effect.repeat(Effect.delay(tick, interval), Schedule.forever)
})

/** Tells when the program has ended but for its observability, which sends what is left. */
const stopping = (screen: Screen) =>
  Layer.effectDiscard(Effect.addFinalizer(() =>
    Effect.sync(() => {
      screen.release()
      screen.print("stopping  what is left of spans and events is sent …")
    })
  ))

/** Waits for a signal of the operating system. */
const signal = (name: NodeJS.Signals) =>
  Effect.callback<void>((resume) => {
    const received = () => resume(Effect.void)
    process.once(name, received)
    return Effect.sync(() => process.off(name, received))
  })

/** Runs the program for a while; answers with what is known once everything has ended. */
const run = Effect.fnUntraced(
  function*(
    screen: Screen,
    environment: Environment.Environment,
    { duration, faultDuration }: Options.Options,
    linked: Set<string>,
    suffered: FaultSwitch
  ) {
    const { address } = yield* HttpServer.HttpServer
    const metrics = yield* Metrics.Metrics
    const metricsUrl = Option.map(metrics.address, ({ host, port }) => `${url(host, port)}/metrics`)
    const api = url("127.0.0.1", "port" in address ? address.port : 0)
    screen.print(`API       ${api}`)
    screen.print(`metrics   ${Option.getOrElse(metricsUrl, () => "nowhere, observability is off")}`)
    screen.print(`traces    ${Environment.traceDestination(environment)}`)
    screen.print(`errors    ${Environment.eventDestination(environment)}`)
    screen.print(`try       curl -H "authorization: Bearer ${demoUsers[0].token}" ${api}/api/quotes/AAPL`)
    if (process.connected) yield* steeredByParent(suffered)
    if (suffered.fault !== undefined) {
      screen.print(`fault     ${suffered.fault}: ${Faults.describe(suffered.fault).meaning}`)
      yield* signal("SIGUSR2").pipe(
        Effect.raceFirst(faultDuration === undefined ? Effect.never : Effect.sleep(faultDuration)),
        Effect.andThen(suffered.end),
        Effect.andThen(Effect.sync(() => screen.print("fault     has ended"))),
        Effect.forkScoped
      )
    }
    if (Option.isSome(metricsUrl)) {
      const addresses = `API ${api}  ·  metrics ${metricsUrl.value}  ·  traces to ${
        environment.traces === undefined ? Environment.traceDestination(environment) : "the local receiver"
      }`
      yield* Effect.forkScoped(view(screen, environment, addresses, linked))
    }
    if (suffered.is("collector-down") && environment.traces !== undefined) {
      const { down, up } = environment.traces
      yield* down.pipe(
        Effect.delay("2 seconds"),
        Effect.andThen(suffered.ended),
        Effect.andThen(up),
        Effect.catch((error) => Effect.logError("the collector did not come back", error)),
        Effect.forkScoped
      )
    }
    yield* duration === undefined ? Effect.never : Effect.sleep(duration)
    const figures = Option.isNone(metricsUrl) ? undefined : yield* scrape(metricsUrl.value, environment)
    const { statuses } = yield* Traffic
    return { figures, statuses, tracing: yield* Tracing.Tracing, errors: yield* ErrorTracking.ErrorTracking }
  },
  Effect.scoped
)

const main = Effect.fnUntraced(function*(options: Options.Options) {
  const screen = new Screen(process.stdout, process.env)
  const environment = yield* Environment.prepare(process.env, options.fault)
  const linked = new Set<string>()
  const suffered = new FaultSwitch(options.fault)
  const program = Program.layer.pipe(
    Layer.provide(Settings.layer(suffered)),
    Layer.provideMerge(stopping(screen)),
    Layer.provideMerge(Observability.layer(DawsOs.vocabulary, { captureUncaught: true })),
    Layer.provide(ConfigProvider.layer(environment.provider))
  )
  screen.print("starting  Postgres, data providers, API …")
  // Log lines stay above the live view, and out of the way of plain output.
  const ended = yield* run(screen, environment, options, linked, suffered).pipe(
    Effect.provide(program),
    Effect.provideService(Console.Console, screen.console(globalThis.console)),
    Effect.provideService(Logger.LogToStderr, !screen.terminal)
  )
  screen.release()
  screen.print("")
  if (ended.figures === undefined) {
    return screen.print("answers  " + [...ended.statuses].map(([status, count]) => `${status}: ${count}`).join(", "))
  }
  yield* receivedBy(environment, linked)
  const { config, events, traces } = environment
  const { sampler } = config.tracing
  const checks = Summary.checks({
    fault: options.fault,
    faultEnded: options.fault !== undefined && !suffered.is(options.fault),
    spansGoElsewhere: traces === undefined,
    figures: ended.figures,
    spans: ended.tracing.accounting(),
    events: ended.errors.accounting(),
    receivedTraces: traces === undefined
      ? `spans go to ${Environment.traceDestination(environment)}`
      : sampler._tag !== "AlwaysOn"
      ? "not every trace is sampled"
      : linked,
    receivedEvents: events === undefined ? "events go to the Sentry of SENTRY_DSN" : yield* events.events
  })
  screen.print({ text: "Summary", style: "bold" })
  for (const { result, text } of checks) {
    const style = result === "ok" ? "green" : result === "FAILED" ? "red" : "dim"
    const [first = "", ...details] = text.split("; ")
    screen.print({ text: `  ${result.padEnd(11)}  ${first}`, style })
    for (const detail of details) screen.print(`${" ".repeat(17)}${detail}`)
  }
  if (!checks.some(({ result }) => result === "FAILED")) return
  const hint = Options.tooShort(options)
  if (hint !== undefined) screen.print(hint)
  return yield* new Failed()
})

const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error)

const options = Options.parse(process.argv.slice(2))
if (typeof options === "string") {
  process.stderr.write(`${options}\n${Options.usage}\n`)
  process.exitCode = 1
} else if (options.help) {
  process.stdout.write(`${Options.usage}\n`)
} else {
  Environment.loadEnvFile()
  main(options).pipe(
    Effect.scoped,
    Observability.explainStartFailure,
    Effect.tapError((error) =>
      Runtime.getErrorReported(error)
        ? Effect.flatMap(Scrubber.CurrentScrubber, (scrubber) =>
          Console.error(scrubber.text(`The program can't go on:\n  - ${messageOf(error)}`)))
        : Effect.void
    ),
    Effect.mapError(() => new Failed()),
    Observability.reportFailure,
    NodeRuntime.runMain
  )
}
