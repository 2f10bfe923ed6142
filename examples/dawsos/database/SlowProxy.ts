/** A TCP proxy that delays what the server answers: how `database-slow` looks from the program's side. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { listen } from "../LocalServer.ts"

interface Address {
  readonly host: string
  readonly port: number
}

/** Listens on a free port of the loopback and passes everything on, answers later by `delayMillis`. */
export const slowProxy = (target: Address, delayMillis: number): Effect.Effect<Address, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((client) => {
      const upstream = Net.connect(target.port, target.host)
      const timers = new Set<NodeJS.Timeout>()
      // The database is told goodbye: a reset would come to a socket of PGlite's that nobody listens to any more.
      const close = () => {
        for (const timer of timers) clearTimeout(timer)
        client.destroy()
        upstream.end()
        sockets.delete(client)
      }
      sockets.add(client)
      client.pipe(upstream)
      upstream.on("data", (chunk) => {
        if (client.destroyed) return
        const timer = setTimeout(() => {
          timers.delete(timer)
          client.write(chunk)
        }, delayMillis)
        timers.add(timer)
      })
      for (const socket of [client, upstream]) socket.on("error", close).on("close", close)
    })
    const port = yield* listen(server, () => sockets.forEach((socket) => socket.destroy()))
    return { host: "127.0.0.1", port }
  })
