/**
 * The answers that are under way: how long they may take, and how much of the heap they may hold.
 *
 * A client that asks and does not read holds the text of its scrape until it is gone. Scrapes that overlap share their
 * text, so many readers cost no more than one; only those who dawdle hold the texts of different moments.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"

/** What answers may take. */
export interface Bounds {
  /** Milliseconds from a request to the last byte of its answer. */
  readonly answerTimeout: number
  /** Bytes of different scrapes that wait to be read; one is always allowed. */
  readonly maxHeld: number
}

/** Keeps watch over answers. */
export class Answers {
  readonly #bounds: Bounds
  readonly #late: () => void
  readonly #open = new Map<Socket, number>()
  readonly #held = new Map<Uint8Array, number>()

  /** `late` is told of each answer that was not read in time. */
  constructor(bounds: Bounds, late: () => void) {
    this.#bounds = bounds
    this.#late = late
  }

  /** Watches over the answer to a request until it is sent, or its client is cut off. */
  watch({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#open.set(socket, (this.#open.get(socket) ?? 0) + 1)
    const deadline = setTimeout(() => this.cut(socket), this.#bounds.answerTimeout)
    deadline.unref()
    response.once("close", () => {
      clearTimeout(deadline)
      const left = (this.#open.get(socket) ?? 1) - 1
      if (left > 0) this.#open.set(socket, left)
      else this.#open.delete(socket)
    })
  }

  /** Whether a connection has answers under way. */
  has(socket: Socket): boolean {
    return this.#open.has(socket)
  }

  /** Ends a connection whose answer was not read in time. */
  cut(socket: Socket): void {
    if (!this.#open.delete(socket)) return
    this.#late()
    socket.destroy()
  }

  /** Takes note that a text waits to be read; false, and not noted, where too much waits already. */
  hold(text: Uint8Array, response: ServerResponse): boolean {
    const holders = this.#held.get(text)
    if (holders === undefined && this.#held.size > 0 && this.#bytes + text.byteLength > this.#bounds.maxHeld) {
      return false
    }
    this.#held.set(text, (holders ?? 0) + 1)
    response.once("close", () => {
      const left = (this.#held.get(text) ?? 1) - 1
      if (left > 0) this.#held.set(text, left)
      else this.#held.delete(text)
    })
    return true
  }

  get #bytes(): number {
    let sum = 0
    for (const { byteLength } of this.#held.keys()) sum += byteLength
    return sum
  }
}
