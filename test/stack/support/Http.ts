/** Asking a real program over HTTP; every connection ends with its answer. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Http from "node:http"

/** A program gave no answer, another status than 2xx, or a body of an unexpected form. */
export class AskFailed extends Data.TaggedError("AskFailed")<{
  readonly url: string
  /** 0 where there was no answer. */
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `${this.url}: ${this.status === 0 ? "" : `${this.status} `}${this.reason.slice(0, 2000)}`
  }
}

export interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** Any answer, whatever its status. */
export const send = (url: string, request: Request = {}): Effect.Effect<Answer, AskFailed> =>
  Effect.callback((resume) => {
    const fail = (error: Error) => resume(Effect.fail(new AskFailed({ url, status: 0, reason: error.message })))
    const body = request.json === undefined ? undefined : JSON.stringify(request.json)
    const outgoing = Http.request(url, {
      agent: false,
      method: request.method ?? (body === undefined ? "GET" : "POST"),
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...request.headers }
    }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => {
        text += chunk
      })
      response.on("error", fail)
      response.on(
        "end",
        () => resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      )
    })
    outgoing.on("error", fail)
    outgoing.end(body)
    return Effect.sync(() => outgoing.destroy())
  })

/** The body of a 2xx answer. */
export const text = (url: string, request: Request = {}): Effect.Effect<string, AskFailed> =>
  Effect.flatMap(send(url, request), ({ body, status }) =>
    status >= 200 && status < 300
      ? Effect.succeed(body)
      : Effect.fail(new AskFailed({ url, status, reason: body })))

/** The JSON body of a 2xx answer, in the form of a schema. */
export const json = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  url: string,
  request: Request = {}
): Effect.Effect<S["Type"], AskFailed> =>
  Effect.flatMap(text(url, request), (body) =>
    Effect.try({
      try: () => JSON.parse(body) as unknown,
      catch: () => new AskFailed({ url, status: 200, reason: `not JSON: ${body}` })
    }).pipe(
      Effect.flatMap((value) =>
        Schema.decodeUnknownEffect(schema)(value).pipe(
          Effect.mapError((problem) => new AskFailed({ url, status: 200, reason: problem.message }))
        )
      )
    ))
