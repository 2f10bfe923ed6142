/**
 * The answers that are under way: how long they may take, how much of the heap they may hold, and whose turn it is.
 *
 * A client that asks and does not read holds the page of its scrape until it is gone. Scrapes that overlap share their
 * page, so many readers cost no more than one; only those who dawdle hold pages of different moments.
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

/** What an answer holds until it is read; shared by those who hold the same. */
export interface Held {
  readonly byteLength: number
}

/** Keeps watch over answers. */
export class Answers {
  readonly #bounds: Bounds
  readonly #late: () => void
  readonly #open = new Map<Socket, Set<ServerResponse>>()
  readonly #held = new Map<Held, Set<ServerResponse>>()
  /** Those who wait for their turn on a connection. */
  readonly #waiting = new Map<ServerResponse, () => void>()

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

  /** Takes note that something waits to be read; false, and not noted, where too much waits already. */
  hold(held: Held, response: ServerResponse): boolean {
    // Its client left while it was being made: nobody will read it, and no event will tell that once more.
    if (response.closed || response.req.socket.destroyed) return true
    const holders = this.#held.get(held)
    if (holders === undefined && this.#held.size > 0 && this.#bytes + held.byteLength > this.#bounds.maxHeld) {
      return false
    }
    this.#held.set(held, (holders ?? new Set()).add(response))
    return true
  }

  /**
   * Waits until a watched answer is the next one on its connection, or its connection is gone. What is written before
   * that would be kept in memory for each of the requests that a client sends without waiting.
   */
  turn(response: ServerResponse): Promise<void> {
    if (response.socket !== null || response.closed || response.req.socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#waiting.delete(response)
        resolve()
      }
      this.#waiting.set(response, resume)
      response.once("socket", resume)
    })
  }

  #connected(socket: Socket): Set<ServerResponse> {
    const open = new Set<ServerResponse>()
    this.#open.set(socket, open)
    // An answer that waits for its turn on a connection is not told by every Node that the connection is gone.
    socket.once("close", () => {
      this.#open.delete(socket)
      for (const response of open) {
        this.#release(response)
        this.#waiting.get(response)?.()
      }
    })
    return open
  }

  #release(response: ServerResponse): void {
    for (const [held, holders] of this.#held) {
      if (holders.delete(response) && holders.size === 0) this.#held.delete(held)
    }
  }

  get #bytes(): number {
    let sum = 0
    for (const { byteLength } of this.#held.keys()) sum += byteLength
    return sum
  }
}
