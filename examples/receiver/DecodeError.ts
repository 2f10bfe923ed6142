import * as Data from "effect/Data"

/**
 * Says why bytes that reached the receiver are not what their address promises; `offset` is in bytes from the start
 * of the (nested) message being read.
 */
export class DecodeError extends Data.TaggedError("DecodeError")<{
  readonly format: "protobuf" | "otlp" | "thrift" | "jaeger" | "envelope" | "encoding"
  readonly reason: string
  readonly offset?: number
}> {
  override get message(): string {
    return `not readable as ${this.format}: ${this.reason}${
      this.offset === undefined ? "" : ` (at byte ${this.offset})`
    }`
  }
}
