/**
 * Sends the events that wait: which one next, and when, how many at once, and what a result means for an event.
 *
 * Nothing runs while there is nothing to send.
 */
import * as Effect from "effect/Effect"
import type * as Timers from "../delivery/Timers.ts"
import * as EventAttempt from "./EventAttempt.ts"
import type { EventQueue, Held } from "./EventQueue.ts"
import type { SendResult } from "./EventSink.ts"
import * as Flushes from "./Flushes.ts"
import type * as Pace from "./Pace.ts"

/** What a sender needs from its pipeline. */
export interface Environment extends EventAttempt.Environment {
  readonly queue: EventQueue
  readonly pace: Pace.Pace
  /** Told what became of each attempt; it may not throw. */
  readonly onResult: (result: SendResult) => void
  /** How many events may be on their way at once. */
  readonly concurrency: number
  /** How many attempts an event gets. */
  readonly maxAttempts: number
}

/** See the module. */
export class EventSender {
  readonly #env: Environment
  readonly #flushes = new Flushes.Flushes()
  // An attempt stays here until its fiber has ended, even if it was given up.
  readonly #attempts = new Set<EventAttempt.EventAttempt>()
  #timer: Timers.Cancel | undefined
  #pumping = false
  #ending = false
  #abandoned = false

  constructor(env: Environment) {
    this.#env = env
  }

  /** Whether an event is on its way for which a flush has waited in vain, and nothing was delivered since. */
  get hangs(): boolean {
    return this.#onTheirWay().some(({ hung }) => hung)
  }

  /** The program ends: the circuit holds nothing back any more, and there is no later attempt. */
  end(): void {
    this.#ending = true
  }

  /** Something has changed: sends what may be sent now, and lets those flushes go on that have nothing to wait for. */
  pump(): void {
    // An attempt that ends at once comes back here; the loop that began it goes on with what it has changed.
    if (this.#pumping) return
    this.#pumping = true
    while (this.#mayStart()) {
      const at = this.#env.timers.now()
      const next = this.#env.queue.waiting.find((held) => this.#wait(held, at) === 0)
      if (next === undefined) break
      this.#start(next)
    }
    this.#pumping = false
    this.#arm()
    this.#flushes.resume((flush) => this.#awaits(flush))
  }

  /** Sends each event that is held now once, whatever the backoff, and waits for the answers for so long at most. */
  flush(millis: number): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const { pace, queue, timers } = this.#env
      const { sent } = queue
      const until = timers.now() + millis
      if (this.#ending) pace.end(until)
      const end = (): void => {
        cancel()
        this.#flushes.remove(flush)
        resume(Effect.void)
      }
      const flush = this.#flushes.add({ before: queue.captured, until, resume: end })
      // What is on its way gets no second attempt.
      for (const held of queue.underWay) this.#flushes.tried(held)
      const cancel = timers.after(
        millis,
        () => {
          for (const attempt of this.#onTheirWay()) attempt.hung = queue.sent === sent
          end()
        },
        true
      )
      this.pump()
      return Effect.sync(end)
    })
  }

  /** Gives up on everything. */
  abandon(): void {
    const { guard, queue, sink } = this.#env
    this.#abandoned = true
    for (const held of [...queue.fresh, ...queue.waiting]) queue.drop(held, "shutdown")
    for (const attempt of this.#onTheirWay()) {
      const { held } = attempt
      // Their answers are not waited for any more: they may have arrived all the same.
      const mayHaveLeft = guard.run("sink", () => sink.mayHaveLeft?.(held.event) ?? true, () => true)
      queue.drop(held, mayHaveLeft ? "timeout" : "shutdown")
      attempt.giveUp()
    }
    // Whoever else waits has nothing to wait for.
    this.pump()
  }

  #onTheirWay(): ReadonlyArray<EventAttempt.EventAttempt> {
    return [...this.#attempts].filter(({ open }) => open)
  }

  // At the end there is one place more: what ends the program is the first to wait, and finds it free.
  #mayStart(): boolean {
    const { concurrency, pace } = this.#env
    const places = this.#ending ? concurrency + 1 : pace.failing ? 1 : concurrency
    return !this.#abandoned && !pace.deciding && this.#attempts.size < places
  }

  #urgency(held: Held): Pace.Urgency {
    return this.#ending ? "last" : this.#flushes.need(held) ? "flush" : "routine"
  }

  /** The milliseconds until an event may be sent. */
  #wait(held: Held, at: number): number {
    return this.#env.pace.wait(at, this.#urgency(held))
  }

  /** Sets the time for what waits. While no more may be on their way, the next one's end goes on with the work. */
  #arm(): void {
    const { queue, timers } = this.#env
    this.#timer?.()
    this.#timer = undefined
    if (queue.waiting.length === 0 || !this.#mayStart()) return
    const at = timers.now()
    const wait = Math.min(...queue.waiting.map((held) => this.#wait(held, at)))
    this.#timer = timers.after(Math.ceil(wait), () => this.pump())
  }

  #awaits(flush: Flushes.Flush): boolean {
    const { pace, queue, timers } = this.#env
    if ([...queue.fresh, ...queue.underWay].some((held) => Flushes.concerns(flush, held))) return true
    const at = timers.now()
    // A trial that is on its way decides on those that wait.
    const trial = queue.underWay.size > 0 && pace.state === "half_open"
    return queue.waiting.some((held) =>
      Flushes.needs(flush, held) && (trial || at + this.#wait(held, at) < flush.until)
    )
  }

  #start(held: Held): void {
    const { pace, queue } = this.#env
    const attempt = new EventAttempt.EventAttempt(held, this.#env)
    this.#attempts.add(attempt)
    queue.take(held)
    this.#flushes.tried(held)
    const ticket = pace.attempted()
    attempt.start((result) => {
      if (attempt.ended) this.#attempts.delete(attempt)
      if (result !== undefined) this.#settle(held, ticket, result)
      this.pump()
    })
  }

  #settle(held: Held, ticket: number, result: SendResult): void {
    const { maxAttempts, onResult, pace, queue, timers } = this.#env
    onResult(result)
    if (result._tag === "Sent") {
      queue.markSent(held)
      for (const other of this.#attempts) other.hung = false
    } else if (result._tag === "Retryable" && held.attempts < maxAttempts && !this.#ending) {
      // Behind the others: an event that is refused for what it is must not hold them up.
      queue.putBack(held)
    } else queue.drop(held, result.reason)
    pace.settled(ticket, result, timers.now())
  }
}
