/**
 * One attempt to send one event: it has one result, its sink's answer or that there was none in time.
 *
 * The result and the end are two things, since a sink may be unable to let go: then its fiber goes on, although the
 * attempt was given up.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Timers from "../delivery/Timers.ts"
import type * as Guard from "../Guard.ts"
import type { Held } from "./EventQueue.ts"
import * as EventSink from "./EventSink.ts"

/** What an attempt needs from its pipeline. */
export interface Environment {
  readonly sink: EventSink.EventSink
  readonly guard: Guard.Guard
  readonly timers: Timers.Timers
  /** Starts an effect outside of any trace. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
}

// A sink has its own, shorter deadlines; this is for one that breaks its promise.
const sendMillis = 10_000

/** See the module. */
export class EventAttempt {
  readonly held: Held
  /** Whether a flush ran out while it was on its way, and nothing was delivered since. */
  hung = false
  readonly #env: Environment
  #fiber: Fiber.Fiber<EventSink.SendResult> | undefined
  #cancel: Timers.Cancel | undefined
  #open = true
  #ended = false

  constructor(held: Held, env: Environment) {
    this.held = held
    this.#env = env
  }

  /** Whether its result is waited for. */
  get open(): boolean {
    return this.#open
  }

  /** Whether its fiber has ended. */
  get ended(): boolean {
    return this.#ended
  }

  /** Sends the event, and tells of the result, once, and of the end, which may come with it or later. */
  start(onChange: (result: EventSink.SendResult | undefined) => void): void {
    const { guard, run, sink, timers } = this.#env
    this.#cancel = timers.after(sendMillis, () => {
      this.#close()
      onChange(EventSink.dropped("timeout"))
      this.#fiber?.interruptUnsafe()
    })
    this.#fiber = run(Effect.suspend(() => sink.send(this.held.event)))
    this.#fiber.addObserver((exit) => {
      this.#ended = true
      // One that was given up ends interrupted, as it should.
      if (!this.#open) return onChange(undefined)
      this.#close()
      if (exit._tag === "Success") return onChange(exit.value)
      guard.count("sink", exit.cause)
      onChange(EventSink.dropped("fault"))
    })
  }

  /** Waits for no result any more. */
  giveUp(): void {
    this.#close()
    this.#fiber?.interruptUnsafe()
  }

  #close(): void {
    this.#open = false
    this.#cancel?.()
  }
}
