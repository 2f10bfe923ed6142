// This package's error tracking, scrubber included, into Sentry's SDK, whose transport accepts at once.
import { Boundary, ErrorTracking, Guard, Scrubber } from "@dawsos/observability"
import * as Sdk from "@sentry/node"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as SentrySink from "../../src/errors/SentrySink.ts"
import * as Capturing from "../errors/Capturing.ts"
import * as Incident from "../errors/Incident.ts"
import * as Loop from "../harness/Loop.ts"
import * as Sentry from "./Sentry.ts"

export interface OursErrors extends Capturing.Capturing {
  readonly arrivals: Sentry.Arrivals
  /** The faults that were caught. */
  readonly faults: () => number
  readonly close: () => Promise<void>
}

/** More than a capture of one batch brings; beyond it events are dropped. */
const atMost = 100

const minute = 60_000_000_000n

/** A clock by which a minute has passed at each call of `pass`: the limits are those of a minute. */
const makeClock = () => {
  const real = Effect.runSync(Effect.clockWith(Effect.succeed))
  let passed = 0n
  const monotonic = () => real.monotonicTimeNanosUnsafe() + passed
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe(),
    currentTimeMillis: real.currentTimeMillis,
    currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
    currentTimeNanos: real.currentTimeNanos,
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => real.sleep(duration)
  }
  const pass = (): void => {
    passed += minute
  }
  return { clock, pass }
}

/** Sets it up: each incident has a boundary with its steps, as a request has. */
export const make = async (): Promise<OursErrors> => {
  const arrivals = new Sentry.Arrivals()
  const guard = Guard.make()
  const scrubber = Scrubber.make()
  const sink = SentrySink.make({
    dsn: Redacted.make(Sentry.dsn),
    program: { release: Incident.release, environment: Incident.environment },
    guard,
    scrubText: (text) => scrubber.text(text),
    load: () =>
      Promise.resolve({
        NodeClient: Sdk.NodeClient,
        Scope: Sdk.Scope,
        defaultStackParser: Sdk.defaultStackParser,
        getGlobalScope: Sdk.getGlobalScope,
        makeNodeTransport: arrivals.transport
      })
  })
  const { clock, pass } = makeClock()
  const layer = ErrorTrackingLive.layerSink({ service: Incident.service }, sink, {
    limits: { perFingerprint: atMost, perMinute: atMost }
  })
  const runtime = ManagedRuntime.make(layer.pipe(
    Layer.provide(Layer.mergeAll(
      Layer.succeed(Clock.Clock, clock),
      Layer.succeed(Guard.CurrentGuard, guard),
      Layer.succeed(Scrubber.CurrentScrubber, scrubber),
      Logger.layer([])
    ))
  ))
  const context = Loop.programContext(await runtime.context())
  const errors = Context.get(context, ErrorTracking.ErrorTracking)
  const incidents = new Capturing.Incidents(({ attributes, steps, tags }) => {
    const boundary = new Boundary.Boundary("job", "portfolio_overview")
    for (const step of steps) boundary.addBreadcrumb({ ...step, timestamp: Date.now() })
    return {
      options: { tags, extra: attributes },
      run: Effect.runSyncWith(Context.add(context, Boundary.CurrentBoundary, boundary))
    }
  })
  return {
    arrivals,
    prepare: (count) => incidents.prepare(count),
    capture: async (count) => {
      pass()
      for (let n = 0; n < count; n++) {
        const { context: { options, run }, error } = incidents.take()
        run(ErrorTracking.captureException(error, options))
      }
      await Effect.runPromise(errors.flush)
    },
    faults: () => [...guard.faults().values()].reduce((sum, count) => sum + count, 0),
    close: () => runtime.dispose()
  }
}
