/**
 * Asks what may take time, or never answer, without waiting longer than a deadline.
 *
 * An answer that is late is not asked for again while it is being waited for: a pool that hangs would get one more
 * question with every scrape. It isn't interrupted either, since what a promise has begun goes on all the same.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"

/** Milliseconds that a scrape waits for one answer; far below the 4 s after which the generated Prometheus gives up. */
export const deadline = 1000

/** One question, asked at most once at a time. */
export class Asking<A> {
  readonly #effect: Effect.Effect<A, unknown>
  readonly #context: Context.Context<never>
  #answer: Promise<A> | undefined
  #running: Fiber.Fiber<A, unknown> | undefined

  /** `context` is that of whoever asks for the answers: its clock measures the deadline. */
  constructor(effect: Effect.Effect<A, unknown>, context: Context.Context<never>) {
    this.#effect = effect
    this.#context = Context.add(context, References.TracerEnabled, false)
  }

  /** The answer; rejects when there is none in time. Those who ask at the same time get the same one. */
  ask(): Promise<A> {
    if (this.#answer !== undefined) return this.#answer
    const run = Effect.runForkWith(this.#context)
    const running = run(this.#effect)
    this.#running = running
    const answer = Effect.runPromiseWith(this.#context)(
      Fiber.await(running).pipe(
        Effect.timeoutOption(deadline),
        Effect.flatMap(Option.match({
          onNone: () => Effect.fail(new Error(`no answer within ${deadline} ms; not asked again until there is one`)),
          onSome: (exit: Exit.Exit<A, unknown>) => exit
        }))
      )
    )
    this.#answer = answer
    const ended = (): void => {
      if (this.#answer === answer) this.#answer = undefined
    }
    // Asked again when both are over: the work, and the waiting for it.
    void answer.then(ended, () => running.addObserver(ended))
    return answer
  }

  /** Lets go of a question that nobody wants answered any more. */
  abandon(): void {
    this.#running?.interruptUnsafe()
  }
}
