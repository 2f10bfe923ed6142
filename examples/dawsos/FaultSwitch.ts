/** The fault that the program suffers: what it was started with, until somebody ends it or chooses another. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Fault, isFault } from "./Faults.ts"

export class FaultSwitch {
  /** What the program was started with; nothing when all is to be well. */
  readonly fault: Fault | undefined
  #current: Fault | undefined
  #changed = Deferred.makeUnsafe<void>()

  constructor(fault: Fault | undefined) {
    this.fault = fault
    this.#current = fault
  }

  /** What is suffered now. */
  get current(): Fault | undefined {
    return this.#current
  }

  /** Whether this fault is suffered now. */
  is(fault: Fault): boolean {
    return this.#current === fault
  }

  /** Suffers this fault from now on instead of any other, or none. */
  choose(fault: Fault | undefined): void {
    if (fault === this.#current) return
    const changed = this.#changed
    this.#current = fault
    this.#changed = Deferred.makeUnsafe<void>()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Ends the fault: what it spoiled works again. */
  readonly end: Effect.Effect<void> = Effect.sync(() => this.choose(undefined))

  /** Waits until something else is suffered than now, or nothing any more. */
  readonly changed: Effect.Effect<void> = Effect.suspend(() => Deferred.await(this.#changed))

  /** Waits until the fault that the program was started with has ended. */
  readonly ended: Effect.Effect<void> = Effect.suspend(() =>
    this.fault === undefined || this.#current === this.fault
      ? Effect.andThen(this.changed, Effect.suspend(() => this.ended))
      : Effect.void
  )
}

/** Whether a parent process says to this one which fault to suffer. */
const isChoice = (message: unknown): message is { readonly fault: unknown } =>
  typeof message === "object" && message !== null && "fault" in message

/**
 * Lets the parent process choose the fault while the program runs, where it has opened a channel to it (`npm run soak`
 * does): by `{ fault: NAME }` and `{ fault: null }`. Each is answered by `{ suffers: NAME or null }`, so that the parent
 * sees a name that is none. The channel does not keep the program alive.
 */
export const steeredByParent = (
  suffered: FaultSwitch,
  channel: Pick<NodeJS.Process, "on" | "off" | "channel" | "send"> = process
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => {
      const listener = (message: unknown) => {
        if (!isChoice(message)) return
        const { fault } = message
        if (fault === null) suffered.choose(undefined)
        else if (typeof fault === "string" && isFault(fault)) suffered.choose(fault)
        channel.send?.({ suffers: suffered.current ?? null })
      }
      channel.on("message", listener)
      channel.channel?.unref()
      return listener
    }),
    (listener) => Effect.sync(() => channel.off("message", listener))
  ))
