/** The errors that a client of the API can see, each with its code, status and body. */
import { Scrubber } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

// What a message tells of a request or a cause leaves the process as everything does: scrubbed.
const respond = (status: number, code: string, message: string) =>
  Effect.flatMap(
    Scrubber.CurrentScrubber,
    (scrubber) => HttpServerResponse.json({ error: { code, message: scrubber.text(message) } }, { status })
  ).pipe(Effect.orDie)

const rejectedStatus = {
  pricing_pack_warming: 503,
  pricing_pack_not_found: 503,
  pattern_not_found: 404,
  pattern_invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  invalid_request: 400
} as const

/** Failures a client or the hour of the day causes: never a defect, never reported. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  code: Schema.Literals(Struct.keys(rejectedStatus)),
  detail: Schema.String
}) {
  override readonly [ErrorReporter.ignore] = true
  override get message(): string {
    return this.detail
  }
  [HttpServerRespondable.symbol]() {
    return respond(rejectedStatus[this.code], this.code, this.detail)
  }
}

/** The program cannot start or do what it was asked; the message says why. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** A step of a pattern failed: the pattern's text is wrong, or what the step called failed. */
export class PatternExecutionError extends Schema.TaggedError<PatternExecutionError>()("PatternExecutionError", {
  code: Schema.Literals([
    "pattern_execution_error",
    "capability_not_found",
    "agent_execution_error"
  ]),
  patternId: Schema.String,
  step: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `pattern ${this.patternId} failed at ${this.step}`
  }
  [HttpServerRespondable.symbol]() {
    return respond(500, this.code, this.message)
  }
}

/** The request took longer than the API allows. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", { limit: Schema.String }) {
  override get message(): string {
    return `the request took longer than ${this.limit}`
  }
  [HttpServerRespondable.symbol]() {
    return respond(504, "timeout", this.message)
  }
}

/** Anything else that went wrong on our side; the cause goes to error tracking, not to the client. */
export class InternalError extends Schema.TaggedError<InternalError>()("InternalError", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${this.operation} failed`
  }
  [HttpServerRespondable.symbol]() {
    return respond(500, "internal_error", "an internal error occurred")
  }
}

/** The errors that say themselves how they are answered. */
const answered = [Rejected, PatternExecutionError, RequestTimeout, InternalError] as const

type Answered = InstanceType<(typeof answered)[number]>

const isAnswered = (error: unknown): error is Answered => answered.some((kind) => error instanceof kind)

/** Keeps those errors and turns all others, defects too, into `InternalError`: every answer has a body, none a secret. */
export const asInternal =
  (operation: string) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, Answered, R> =>
    self.pipe(
      Effect.mapError((error) => isAnswered(error) ? error : new InternalError({ operation, cause: error })),
      Effect.catchDefect((cause) => Effect.fail(new InternalError({ operation, cause })))
    )
