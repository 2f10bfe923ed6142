// The way to the collector, with its open connections counted: an HTTP/1.1 export takes one as long as it lasts.
import { once } from "node:events"
import * as Net from "node:net"

export interface Way {
  readonly port: number
  /** The most connections that were open at once. */
  readonly most: () => number
  /** Refuses connections and breaks those that are open, or takes them again. */
  readonly close: () => Promise<void>
  readonly open: () => Promise<void>
}

/** Passes everything on to a port of this machine. */
export const make = async (to: number): Promise<Way> => {
  const sockets = new Set<Net.Socket>()
  let most = 0
  let port = 0
  const keep = (socket: Net.Socket): void => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  }
  const server = Net.createServer((client) => {
    const upstream = Net.connect({ host: "127.0.0.1", port: to })
    keep(client)
    keep(upstream)
    most = Math.max(most, [...sockets].filter((socket) => socket.localPort === port).length)
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy())
    upstream.on("error", () => client.resetAndDestroy()).on("close", () => client.destroy())
    client.pipe(upstream)
    upstream.pipe(client)
  })
  const open = async (): Promise<void> => {
    server.listen(port, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    port = typeof address === "object" && address !== null ? address.port : 0
  }
  await open()
  return {
    port,
    most: () => most,
    open,
    close: async () => {
      const closed = once(server, "close")
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}
