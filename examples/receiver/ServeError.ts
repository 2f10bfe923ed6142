import * as Data from "effect/Data"

/** The receiver could not listen where it was told to: the address is taken, not allowed or not of this machine. */
export class ServeError extends Data.TaggedError("ServeError")<{
  readonly transport: "tcp" | "udp"
  readonly host: string
  readonly port: number
  readonly cause: Error
}> {
  override get message(): string {
    return `the receiver cannot listen on ${this.transport} ${this.host}:${this.port}: ${this.cause.message}`
  }
}
