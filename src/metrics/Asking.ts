/**
 * Asks what may take time, or never answer, without waiting longer than a deadline.
 *
 * An answer that is late is not asked for again while it is being waited for: a pool that hangs would get one more
 * question with every scrape. It isn't interrupted either, since what a promise has begun goes on all the same.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"

/** Milliseconds that a scrape waits for one answer; far below the 4 s after which the generated Prometheus gives up. */
export const deadline = 1000

const noAnswer = (): Error => new Error(`no answer within ${deadline} ms; not asked again until there is one`)

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
          onNone: () => Effect.fail(noAnswer()),
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

/**
 * Questions that promises answer: each asked at most once at a time, and one deadline for all that are asked together. An
 * effect for each would take as long as what most of them have to do.
 */
export class Questions<Question extends object, A> {
  readonly #answer: (question: Question) => Promise<A>
  readonly #context: Context.Context<never>
  /** What was asked and is not answered yet; once it is late, that there was no answer. */
  readonly #asked = new Map<Question, Promise<A>>()

  /** `context` is that of whoever asks: its clock measures the deadline. */
  constructor(answer: (question: Question) => Promise<A>, context: Context.Context<never>) {
    this.#answer = answer
    this.#context = Context.add(context, References.TracerEnabled, false)
  }

  /** All answers, in the order of the questions; rejected are those that there are not in time. */
  async ask(questions: ReadonlyArray<Question>): Promise<ReadonlyArray<PromiseSettledResult<A>>> {
    const timer = Effect.runForkWith(this.#context)(Effect.sleep(deadline))
    const passed = new Promise<never>((_, reject) => {
      timer.addObserver((exit) => {
        if (Exit.isSuccess(exit)) reject(noAnswer())
      })
    })
    const asked = questions.map((question) => this.#ask(question))
    const inTime = asked.map((answer) => Promise.race([answer, passed]))
    const answers = await Promise.allSettled(inTime)
    timer.interruptUnsafe()
    questions.forEach((question, index) => {
      const isLate = answers[index]?.status === "rejected" && this.#asked.get(question) === asked[index]
      if (isLate) this.#asked.set(question, inTime[index]!)
    })
    return answers
  }

  #ask(question: Question): Promise<A> {
    const present = this.#asked.get(question)
    if (present !== undefined) return present
    const answer = this.#answer(question)
    this.#asked.set(question, answer)
    const ended = (): void => void this.#asked.delete(question)
    answer.then(ended, ended)
    return answer
  }
}
