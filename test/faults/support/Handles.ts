/** The sockets that a run opens and has to close again. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Dgram from "node:dgram"
import * as Channel from "node:diagnostics_channel"
import type * as Net from "node:net"
import { performance } from "node:perf_hooks"

/** The sockets that were opened from this process while a scope lived. */
export interface Opened {
  /** Those that are not closed. */
  readonly open: () => number
  readonly total: () => number
}

type Known = () => boolean

const watchChannel = (channel: string, know: (message: unknown) => Known): Effect.Effect<Opened, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const closed: Array<Known> = []
        const listener = (message: unknown): void => {
          closed.push(know(message))
        }
        Channel.subscribe(channel, listener)
        return { closed, listener }
      }),
      ({ listener }) => Effect.sync(() => Channel.unsubscribe(channel, listener))
    ),
    ({ closed }) => ({ open: () => closed.filter((is) => !is()).length, total: () => closed.length })
  )

/** Watches the connections that this process opens as a client. */
export const connections: Effect.Effect<Opened, never, Scope.Scope> = watchChannel("net.client.socket", (message) => {
  const { socket } = message as { readonly socket: Net.Socket }
  return () => socket.destroyed
})

/** Watches the datagram sockets that this process opens, on whichever side. */
export const datagrams: Effect.Effect<Opened, never, Scope.Scope> = watchChannel("udp.socket", (message) => {
  const { socket } = message as { readonly socket: Dgram.Socket }
  let closed = false
  socket.once("close", () => {
    closed = true
  })
  return () => closed
})

/** Asks at each turn of the event loop until it is so, at most 10 s; what was seen last, otherwise. */
export const eventually = <A>(ask: () => A, expected: (value: A) => boolean): Effect.Effect<A> =>
  Effect.callback((resume) => {
    const end = performance.now() + 10_000
    const look = (): void => {
      const value = ask()
      if (expected(value) || performance.now() > end) return resume(Effect.succeed(value))
      timer = setTimeout(look, 2)
    }
    let timer = setTimeout(look, 0)
    return Effect.sync(() => clearTimeout(timer))
  })
