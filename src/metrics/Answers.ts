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
  readonly #open = new Map<Socket, Set<ServerResponse>>()
  readonly #held = new Map<Uint8Array, Set<ServerResponse>>()

  /** `late` is told of each answer that was not read in time. */
  constructor(bounds: Bounds, late: () => void) {
    this.#bounds = bounds
    this.#late = late
  }

  /** Watches over the answer to a request until it is sent, or its client is gone or cut off. */
  watch({ socket }: IncomingMessage, response: ServerResponse): void {
    const open = this.#open.get(socket) ?? this.#connected(socket)
    open.add(response)
    const deadline = setTimeout(() => this.cut(socket), this.#bounds.answerTimeout)
    deadline.unref()
    response.once("close", () => {
      clearTimeout(deadline)
      open.delete(response)
      this.#release(response)
    })
  }

  /** Whether a connection has answers under way. */
  has(socket: Socket): boolean {
    return (this.#open.get(socket)?.size ?? 0) > 0
  }

  /** Ends a connection whose answer was not read in time. */
  cut(socket: Socket): void {
    if (socket.destroyed || !this.has(socket)) return
    this.#late()
    socket.destroy()
  }

  /** Takes note that a text waits to be read; false, and not noted, where too much waits already. */
  hold(text: Uint8Array, response: ServerResponse): boolean {
    // Its client left while the text was being written: nobody will read it, and no event will tell that once more.
    if (response.closed || response.req.socket.destroyed) return true
    const holders = this.#held.get(text)
    if (holders === undefined && this.#held.size > 0 && this.#bytes + text.byteLength > this.#bounds.maxHeld) {
      return false
    }
    this.#held.set(text, (holders ?? new Set()).add(response))
    return true
  }

  #connected(socket: Socket): Set<ServerResponse> {
    const open = new Set<ServerResponse>()
    this.#open.set(socket, open)
    // An answer that waits for its turn on a connection is not told by every Node that the connection is gone.
    socket.once("close", () => {
      this.#open.delete(socket)
      for (const response of open) this.#release(response)
    })
    return open
  }

  #release(response: ServerResponse): void {
    for (const [text, holders] of this.#held) {
      if (holders.delete(response) && holders.size === 0) this.#held.delete(text)
    }
  }

  get #bytes(): number {
    let sum = 0
    for (const { byteLength } of this.#held.keys()) sum += byteLength
    return sum
  }
}
