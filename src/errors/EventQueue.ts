/**
 * The events that are held, and what became of those that were: the books of the pipeline.
 *
 * An event is fresh for one turn of the event loop, then it waits, then it is under way, and it may come back to wait.
 * Each of these steps is one method, which moves the event together with its count, and does nothing with an event that
 * is elsewhere or gone: so none is counted twice.
 */
import type * as Circuit from "../delivery/Circuit.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import { type DropReason, type ErrorAccounting, noEvents } from "./ErrorTracking.ts"

/** How much is held. */
export interface Bounds {
  /** Events held at once, waiting or on their way; 100 by default: what a minute may bring. */
  readonly queue: number
  /** Bytes of scrubbed JSON held at once; 4 MiB by default. */
  readonly queueBytes: number
  /** Bytes of scrubbed JSON of one event; 1 MB by default. */
  readonly eventBytes: number
}

/** An event that is held. */
export interface Held {
  /** Counts up in the order of capture, from 0. */
  readonly sequence: number
  /** Whether it goes before all others, and past every limit but that of one event's size. */
  readonly isLast: boolean
  /** As it was made, while it is fresh; then as it may leave. */
  event: ErrorEvent
  /** In bytes of JSON; 0 while it is fresh. */
  size: number
  /** How often it was taken. */
  attempts: number
  /** The last flush that needs no other attempt at it. */
  flush: number
}

/** Whether an event was in a list; it is not any more. */
const remove = (list: Array<Held>, held: Held): boolean => {
  const at = list.indexOf(held)
  if (at >= 0) list.splice(at, 1)
  return at >= 0
}

/** See the module. */
export class EventQueue {
  readonly #bounds: Bounds
  readonly #fresh: Array<Held> = []
  readonly #waiting: Array<Held> = []
  readonly #underWay = new Set<Held>()
  readonly #dropped = { ...noEvents.dropped }
  #captured = 0
  #sent = 0
  #retried = 0
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The books, with the state of the circuit to show in them. */
  accounting(circuit: Circuit.State): ErrorAccounting {
    return {
      captured: this.#captured,
      sent: this.#sent,
      dropped: { ...this.#dropped },
      queued: this.#size,
      delivery: { bytes: this.#bytes, retried: this.#retried, circuit }
    }
  }

  /** How many events were captured so far: the sequence of the next one. */
  get captured(): number {
    return this.#captured
  }

  /** How many events were sent so far. */
  get sent(): number {
    return this.#sent
  }

  /** Those as they were made, in the order in which they are to be made ready. */
  get fresh(): ReadonlyArray<Held> {
    return this.#fresh
  }

  /** Those that may leave, in the order in which they are to be sent. */
  get waiting(): ReadonlyArray<Held> {
    return this.#waiting
  }

  /** Those that were taken. */
  get underWay(): ReadonlySet<Held> {
    return this.#underWay
  }

  /** Whether no more events may be held. */
  get isFull(): boolean {
    return this.#size >= this.#bounds.queue
  }

  /** Counts an event that is not held at all. */
  lose(reason: DropReason): void {
    this.#captured++
    this.#dropped[reason]++
  }

  /** Takes in an event as it was made. */
  add(event: ErrorEvent, isLast: boolean): void {
    const held: Held = { sequence: this.#captured++, isLast, event, size: 0, attempts: 0, flush: 0 }
    if (isLast) this.#fresh.unshift(held)
    else this.#fresh.push(held)
  }

  /** A fresh event waits from now on, as it may leave, unless it is too large. */
  makeReady(held: Held, event: ErrorEvent, size: number): void {
    if (!remove(this.#fresh, held)) return
    held.event = event
    held.size = size
    this.#bytes += size
    if (size > this.#bounds.eventBytes) this.#forget(held, "too_large")
    else if (held.isLast) this.#waiting.unshift(held)
    else if (this.#bytes > this.#bounds.queueBytes) this.#forget(held, "queue_full")
    else this.#waiting.push(held)
  }

  /** An event that waits is under way from now on. */
  take(held: Held): void {
    if (!remove(this.#waiting, held)) return
    if (held.attempts++ > 0) this.#retried++
    this.#underWay.add(held)
  }

  /** An event that was under way waits again, behind the others. */
  putBack(held: Held): void {
    if (this.#underWay.delete(held)) this.#waiting.push(held)
  }

  /** An event that was under way has arrived. */
  markSent(held: Held): void {
    if (!this.#underWay.delete(held)) return
    this.#sent++
    this.#bytes -= held.size
  }

  /** Gives up an event, wherever it is. */
  drop(held: Held, reason: DropReason): void {
    if (remove(this.#fresh, held) || remove(this.#waiting, held) || this.#underWay.delete(held)) {
      this.#forget(held, reason)
    }
  }

  get #size(): number {
    return this.#fresh.length + this.#waiting.length + this.#underWay.size
  }

  #forget(held: Held, reason: DropReason): void {
    this.#dropped[reason]++
    this.#bytes -= held.size
  }
}
