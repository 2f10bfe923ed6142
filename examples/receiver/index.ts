export { DecodeError } from "./DecodeError.ts"
export type { Limits, Totals } from "./Ledger.ts"
export type { ArrivedRequest, Decoded, Outcome, ReceivedRequest, RequestHead } from "./ReceivedRequest.ts"
export * as Requests from "./ReceivedRequest.ts"
export type {
  Attributes,
  AttributeValue,
  Protocol,
  ReceivedSpan,
  Signal,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanStatus
} from "./ReceivedSpan.ts"
export * as Receiver from "./Receiver.ts"
export * as Reply from "./Reply.ts"
export type { Json, JsonObject, ReceivedEvent, ReceivedItem } from "./SentryEnvelope.ts"
export { ServeError } from "./ServeError.ts"
export * as TraceTree from "./TraceTree.ts"
