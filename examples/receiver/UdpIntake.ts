import * as Effect from "effect/Effect"
import * as Dgram from "node:dgram"
import * as Net from "node:net"
import type { Desk } from "./Desk.ts"
import type { RequestHead } from "./ReceivedRequest.ts"
import type { Signal } from "./ReceivedSpan.ts"
import { ServeError } from "./ServeError.ts"

/** A socket that is open; `close` ends at once and may be called again. */
export interface Listening {
  readonly port: number
  readonly close: Effect.Effect<void>
}

/** A burst of datagrams of 65,000 bytes waits in the kernel until the program comes to read it. */
const receiveBufferBytes = 1024 * 1024

/** Listens for Jaeger's datagrams; port 0 takes any free one. */
export const listen = (options: {
  readonly host: string
  readonly port: number
  readonly desk: Desk
  readonly serves: (signal: Signal) => boolean
}): Effect.Effect<Listening, ServeError> =>
  Effect.callback((resume) => {
    const { desk, host, port, serves } = options
    const socket = Dgram.createSocket({
      type: Net.isIPv6(host) ? "udp6" : "udp4",
      recvBufferSize: receiveBufferBytes
    })
    const head: RequestHead = { transport: "udp", signal: "jaegerUdp", method: "", path: "", headers: {} }
    let open = true
    const close = Effect.callback<void>((closed) => {
      if (!open) return closed(Effect.void)
      open = false
      socket.close(() => closed(Effect.void))
    })
    const onStartError = (cause: Error) => {
      open = false
      socket.close()
      resume(Effect.fail(new ServeError({ transport: "udp", host, port, cause })))
    }
    socket.once("error", onStartError)
    socket.on("message", (bytes) => {
      if (serves("jaegerUdp")) desk.settle(head, bytes, desk.choose(head))
      else desk.turnAway({ ...head, signal: undefined }, bytes, "unserved", "Thrift over UDP is not served")
    })
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off("error", onStartError)
      socket.on("error", () => desk.fault())
      resume(Effect.succeed({ port: socket.address().port, close }))
    })
  })
