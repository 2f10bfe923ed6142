/**
 * Waiting for what real programs do in their own time: asks again and again, with a deadline.
 *
 * Only real time runs here; the stack tests use `it.live`.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** What was waited for did not come in time; the message says what was seen instead. */
export class NotInTime extends Data.TaggedError("NotInTime")<{
  readonly what: string
  readonly seconds: number
  readonly last: unknown
}> {
  override get message(): string {
    const last = this.last instanceof Error ? this.last.message : JSON.stringify(this.last, undefined, 2)
    return `${this.what}: not within ${this.seconds} s; last seen: ${(last ?? "nothing").slice(0, 4000)}`
  }
}

export interface Options<A> {
  /** For the message, such as "the backend is scraped". */
  readonly what: string
  /** 30 s unless said. */
  readonly within?: Duration.Input
  /** Time between two questions; 100 ms unless said. */
  readonly every?: Duration.Input
  /** Whether the answer is the one that is waited for; any answer is unless said. */
  readonly until?: (value: A) => boolean
}

/**
 * Asks until the answer is the expected one; a failing question is asked again. Use it for everything that a program
 * does asynchronously: readiness, a scrape, an alert, an exported trace.
 *
 * @example
 * const alerts = yield* Deadline.eventually(prometheus.alerts, {
 *   what: "HighErrorRate fires",
 *   within: "60 seconds",
 *   until: (alerts) => alerts.some(({ labels }) => labels["alertname"] === "HighErrorRate")
 * })
 */
export const eventually = <A, E, R>(
  ask: Effect.Effect<A, E, R>,
  options: Options<A>
): Effect.Effect<A, NotInTime, R> =>
  Effect.gen(function*() {
    const within = Duration.toMillis(Duration.fromInputUnsafe(options.within ?? "30 seconds"))
    const start = yield* Clock.currentTimeMillis
    let last: unknown
    while (true) {
      const left = start + within - (yield* Clock.currentTimeMillis)
      if (left <= 0) return yield* new NotInTime({ what: options.what, seconds: within / 1000, last })
      // A question that hangs must not outlive the deadline.
      const answer = yield* Effect.result(Effect.timeoutOption(ask, Math.max(left, 1)))
      if (answer._tag === "Failure") {
        last = answer.failure
      } else if (answer.success._tag === "Some") {
        last = answer.success.value
        if (options.until === undefined || options.until(answer.success.value)) return answer.success.value
      }
      yield* Effect.sleep(options.every ?? "100 millis")
    }
  })
