import * as Result from "effect/Result"
import type { Ledger } from "./Ledger.ts"
import type { ArrivedRequest, Decoded, RequestHead } from "./ReceivedRequest.ts"
import { decode, decompress, idsOf, nothing } from "./ReceivedRequest.ts"
import type { Signal } from "./ReceivedSpan.ts"
import * as Reply from "./Reply.ts"

interface Script {
  readonly responder: Reply.Responder
  count: number
}

const noIds = { received: [], accepted: [] }

/** Decides what is answered and what counts as received, whatever the transport. */
export class Desk {
  readonly bodyLimit: number
  private readonly ledger: Ledger
  private readonly scripts = new Map<Signal, Script>()

  constructor(ledger: Ledger, bodyLimit: number) {
    this.ledger = ledger
    this.bodyLimit = bodyLimit
  }

  respond(signal: Signal, reply: Reply.Reply | Reply.Responder): void {
    this.scripts.set(signal, { responder: typeof reply === "function" ? reply : () => reply, count: 0 })
  }

  /** The reply to a request of which only the head is known. */
  choose(head: RequestHead): Reply.Reply {
    const script = head.signal === undefined ? undefined : this.scripts.get(head.signal)
    return script === undefined ? Reply.ok : this.guarded(() => script.responder(head, ++script.count))
  }

  /** Reads a whole body, records it and says what is to be answered. */
  settle(head: RequestHead, raw: Uint8Array, reply: Reply.Reply): Reply.Reply {
    const plain = decompress(raw, head.headers["content-encoding"], this.bodyLimit)
    const request: ArrivedRequest = { ...head, raw, body: Result.isSuccess(plain) ? plain.success : raw }
    const decoded = Result.isSuccess(plain) ? decode(request) : Result.fail(plain.failure)
    if (Result.isFailure(decoded)) {
      const reason = decoded.failure.message
      this.ledger.record({ ...request, ...noIds, outcome: "malformed", reason }, nothing, 0)
      const final = this.resolve(reply, request, nothing)
      return final._tag === "Ok" || final._tag === "PartialSuccess" ? Reply.status(400, {}, { body: reason }) : final
    }
    const { items, spans } = decoded.success
    const ids = idsOf(decoded.success)
    const final = this.resolve(reply, request, decoded.success)
    const takes = Reply.accepts(final, ids)
    const accepted: Decoded = {
      spans: spans.filter((_, index) => takes[index]),
      items: items.filter((_, index) => takes[spans.length + index])
    }
    const refused = ids.length - accepted.spans.length - accepted.items.length
    this.ledger.record(
      {
        ...request,
        outcome: ids.length > 0 && refused === ids.length ? "refused" : "stored",
        reason: undefined,
        received: ids.filter((id) => id !== ""),
        accepted: idsOf(accepted).filter((id) => id !== "")
      },
      accepted,
      refused
    )
    return Reply.counted(final, refused)
  }

  /** Records what could not be taken at all. */
  turnAway(head: RequestHead, raw: Uint8Array, outcome: "cut" | "malformed" | "unserved", reason: string): void {
    this.ledger.record({ ...head, ...noIds, raw, body: raw, outcome, reason }, nothing, 0)
  }

  fault(): void {
    this.ledger.fault()
  }

  private resolve(reply: Reply.Reply, request: ArrivedRequest, decoded: Decoded): Reply.Reply {
    switch (reply._tag) {
      case "Inspect":
        return this.resolve(this.guarded(() => reply.choose(request, decoded)), request, decoded)
      case "Delay":
      case "Gate":
        return { ...reply, reply: this.resolve(reply.reply, request, decoded) }
      default:
        return reply
    }
  }

  /** A responder that throws is the test's mistake: it shows as a fault and a 500, not as a crash of the program. */
  private guarded(choose: () => Reply.Reply): Reply.Reply {
    try {
      return choose()
    } catch (error) {
      this.ledger.fault()
      return Reply.status(500, {}, { body: `the responder threw: ${String(error)}` })
    }
  }
}
