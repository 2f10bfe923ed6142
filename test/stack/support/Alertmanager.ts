/** Alertmanager with the committed routing, and what a test asks of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "./Http.ts"
import * as Service from "./Service.ts"
import type * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

const service = "alertmanager"
const webPort = 9093

const Labels = Schema.Record(Schema.String, Schema.String)

const Alert = Schema.Struct({
  labels: Labels,
  annotations: Labels,
  startsAt: Schema.String,
  endsAt: Schema.String,
  receivers: Schema.Array(Schema.Struct({ name: Schema.String })),
  status: Schema.Struct({
    state: Schema.Literals(["unprocessed", "active", "suppressed"]),
    silencedBy: Schema.Array(Schema.String),
    inhibitedBy: Schema.Array(Schema.String)
  })
})

const Silence = Schema.Struct({
  id: Schema.String,
  comment: Schema.String,
  createdBy: Schema.String,
  endsAt: Schema.String,
  status: Schema.Struct({ state: Schema.Literals(["active", "pending", "expired"]) })
})

export type Alert = typeof Alert.Type
export type Silence = typeof Silence.Type

export interface Alertmanager extends Service.Service {
  readonly url: string
  readonly alerts: Effect.Effect<ReadonlyArray<Alert>, Http.AskFailed>
  readonly silences: Effect.Effect<ReadonlyArray<Silence>, Http.AskFailed>
  /** Silences an alert by its name for so many seconds; the silence's id. */
  readonly silence: (alertname: string, seconds: number, comment: string) => Effect.Effect<string, Http.AskFailed>
  /** Sends an alert as Prometheus does; firing unless an end in the past is given. */
  readonly post: (
    alert: {
      readonly labels: Readonly<Record<string, string>>
      readonly annotations?: Readonly<Record<string, string>>
      readonly endsAt?: Date
    }
  ) => Effect.Effect<void, Http.AskFailed>
}

/** Starts the compose file's Alertmanager; ended with the scope. Its data stay in the stack's folder. */
export const start = (
  stack: Stack.Stack
): Effect.Effect<
  Alertmanager,
  Service.NotStarted | Tool.ToolMissing,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const running = yield* Service.start(stack, service, Tool.path(service))
    const url = stack.url(service, webPort)
    const api = `${url}/api/v2`
    return {
      ...running,
      url,
      alerts: Http.json(Schema.Array(Alert), `${api}/alerts`),
      silences: Http.json(Schema.Array(Silence), `${api}/silences`),
      silence: (alertname, seconds, comment) =>
        Effect.map(
          Http.json(Schema.Struct({ silenceID: Schema.String }), `${api}/silences`, {
            json: {
              matchers: [{ name: "alertname", value: alertname, isRegex: false, isEqual: true }],
              startsAt: new Date().toISOString(),
              endsAt: new Date(Date.now() + seconds * 1000).toISOString(),
              createdBy: "test",
              comment
            }
          }),
          ({ silenceID }) => silenceID
        ),
      post: ({ annotations = {}, endsAt, labels }) =>
        Effect.asVoid(Http.text(`${api}/alerts`, {
          json: [{ labels, annotations, ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }) }]
        }))
    }
  })
