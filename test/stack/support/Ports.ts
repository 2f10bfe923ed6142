/** Free ports for programs that can't be asked which one they got. */
import * as Effect from "effect/Effect"
import * as Dgram from "node:dgram"
import * as Net from "node:net"

// Below every system's ephemeral range (32768 on Linux, 49152 elsewhere): a client connection that happens to be made
// between looking and listening, or while a program restarts, can't take the port.
const first = 15_000
const last = 32_000

const taken = new Set<number>()

const tcpFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = Net.createServer()
    server.once("error", () => resolve(false))
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)))
  })

const udpFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = Dgram.createSocket("udp4")
    socket.once("error", () => resolve(false))
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => socket.close(() => resolve(true)))
  })

/** A port that is free for TCP and UDP on loopback, and was never given out by this process. */
export const free: Effect.Effect<number> = Effect.promise(async () => {
  while (true) {
    const port = first + Math.floor(Math.random() * (last - first))
    if (taken.has(port)) continue
    taken.add(port)
    if (await tcpFree(port) && await udpFree(port)) return port
  }
})
