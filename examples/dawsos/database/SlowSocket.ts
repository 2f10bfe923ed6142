/** A connection on which answers arrive late: how `database-slow` looks from the program's side. */
import * as Net from "node:net"
import { Duplex } from "node:stream"

/** Connects, passes everything on, and hands answers over later by what `delayMillis` is when they arrive. */
export const slowSocket = (host: string, port: number, delayMillis: () => number): Duplex => {
  const upstream = Net.connect({ host, port, noDelay: true })
  const waiting: Array<Buffer | null> = []
  const timers = new Set<NodeJS.Timeout>()
  const arrive = (chunk: Buffer | null) => {
    waiting.push(chunk)
    const timer = setTimeout(() => {
      timers.delete(timer)
      // The oldest one, whichever timer this is: the order stays when the delay changes.
      const next = waiting.shift()
      if (next !== undefined) socket.push(next)
    }, delayMillis())
    timers.add(timer)
  }
  const socket = new Duplex({
    read: () => {},
    write: (chunk, encoding, done) => upstream.write(chunk, encoding, done),
    final: (done) => upstream.end(done),
    destroy: (error, done) => {
      timers.forEach(clearTimeout)
      // The database is told goodbye: a reset would come to a socket of PGlite's that nobody listens to any more.
      upstream.end()
      done(error)
    }
  })
  upstream.on("data", arrive).on("end", () => arrive(null))
  upstream.on("error", (error) => socket.destroy(error))
  return socket
}
