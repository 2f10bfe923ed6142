/** Prometheus with the committed configuration and rules, and what a test asks of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "./Http.ts"
import * as Service from "./Service.ts"
import type * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

const service = "prometheus"
const webPort = 9090

const Labels = Schema.Record(Schema.String, Schema.String)

/** A moment in Unix seconds and the value as Prometheus writes it. */
const Point = Schema.Tuple([Schema.Number, Schema.String])

const Vector = Schema.Struct({
  status: Schema.Literal("success"),
  data: Schema.Struct({
    resultType: Schema.Literals(["vector", "scalar"]),
    result: Schema.Union([Schema.Array(Schema.Struct({ metric: Labels, value: Point })), Point])
  })
})

const Matrix = Schema.Struct({
  status: Schema.Literal("success"),
  data: Schema.Struct({ result: Schema.Array(Schema.Struct({ metric: Labels, values: Schema.Array(Point) })) })
})

const Exemplars = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    seriesLabels: Labels,
    exemplars: Schema.Array(Schema.Struct({ labels: Labels, value: Schema.String, timestamp: Schema.Number }))
  }))
})

const Alert = Schema.Struct({
  labels: Labels,
  annotations: Labels,
  state: Schema.Literals(["pending", "firing", "inactive"]),
  activeAt: Schema.optionalKey(Schema.String)
})

const Alerts = Schema.Struct({ data: Schema.Struct({ alerts: Schema.Array(Alert) }) })

const Targets = Schema.Struct({
  data: Schema.Struct({
    activeTargets: Schema.Array(
      Schema.Struct({ labels: Labels, scrapeUrl: Schema.String, health: Schema.String, lastError: Schema.String })
    )
  })
})

const Rule = Schema.Struct({
  name: Schema.String,
  type: Schema.Literals(["alerting", "recording"]),
  query: Schema.String,
  health: Schema.String,
  lastError: Schema.optionalKey(Schema.String),
  state: Schema.optionalKey(Schema.String)
})

const Rules = Schema.Struct({
  data: Schema.Struct({
    groups: Schema.Array(Schema.Struct({
      name: Schema.String,
      rules: Schema.Array(Rule),
      /** Seconds that the last evaluation took. */
      evaluationTime: Schema.Number,
      /** Seconds between two evaluations. */
      interval: Schema.Number,
      lastEvaluation: Schema.String
    }))
  })
})

export type Alert = typeof Alert.Type
export type RuleGroup = (typeof Rules.Type)["data"]["groups"][number]
export type Target = (typeof Targets.Type)["data"]["activeTargets"][number]
export type ExemplarSeries = (typeof Exemplars.Type)["data"][number]

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly points: ReadonlyArray<{ readonly seconds: number; readonly value: number }>
}

export interface Window {
  /** Unix seconds. */
  readonly start: number
  readonly end: number
  /** Seconds between two points. */
  readonly step: number
}

export interface Prometheus extends Service.Service {
  readonly url: string
  /** An instant query, now unless a moment in Unix seconds is given. A scalar is a sample without labels. */
  readonly query: (expression: string, at?: number) => Effect.Effect<ReadonlyArray<Sample>, Http.AskFailed>
  /** The value of a query that has one series or none; 0 series is undefined, several are an error. */
  readonly value: (expression: string, at?: number) => Effect.Effect<number | undefined, Http.AskFailed>
  readonly range: (expression: string, window: Window) => Effect.Effect<ReadonlyArray<Series>, Http.AskFailed>
  /** Exemplars of the selectors in an expression; of the last hour unless said. */
  readonly exemplars: (
    expression: string,
    window?: Pick<Window, "start" | "end">
  ) => Effect.Effect<ReadonlyArray<ExemplarSeries>, Http.AskFailed>
  /** Alerts that are pending or firing. */
  readonly alerts: Effect.Effect<ReadonlyArray<Alert>, Http.AskFailed>
  /** The names of the alerts that fire, each once, sorted. */
  readonly firing: Effect.Effect<ReadonlyArray<string>, Http.AskFailed>
  readonly targets: Effect.Effect<ReadonlyArray<Target>, Http.AskFailed>
  readonly rules: Effect.Effect<ReadonlyArray<RuleGroup>, Http.AskFailed>
}

const query = (url: string, parameters: Readonly<Record<string, string | number>>): string =>
  `${url}?${new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]))}`

/** Starts the compose file's Prometheus; ended with the scope. Its data stay in the stack's folder. */
export const start = (
  stack: Stack.Stack
): Effect.Effect<
  Prometheus,
  Service.NotStarted | Tool.ToolMissing,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const running = yield* Service.start(stack, service, Tool.path(service))
    const url = stack.url(service, webPort)
    const instant = (expression: string, at?: number) =>
      Http.json(
        Vector,
        query(`${url}/api/v1/query`, { query: expression, ...(at === undefined ? {} : { time: at }) })
      ).pipe(
        Effect.map(({ data: { result } }): ReadonlyArray<Sample> =>
          result.flatMap((entry): ReadonlyArray<Sample> =>
            typeof entry === "object" ? [{ labels: entry.metric, value: Number(entry.value[1]) }] : []
          ).concat(
            typeof result[1] === "string" ? [{ labels: {}, value: Number(result[1]) }] : []
          )
        )
      )
    const alerts = Effect.map(Http.json(Alerts, `${url}/api/v1/alerts`), ({ data }) => data.alerts)
    return {
      ...running,
      url,
      query: instant,
      value: (expression, at) =>
        Effect.flatMap(instant(expression, at), (samples) =>
          samples.length > 1
            ? Effect.fail(
              new Http.AskFailed({ url, status: 200, reason: `${expression} has ${samples.length} series` })
            )
            : Effect.succeed(samples[0]?.value)),
      range: (expression, window) =>
        Http.json(Matrix, query(`${url}/api/v1/query_range`, { query: expression, ...window })).pipe(
          Effect.map(({ data }) =>
            data.result.map(({ metric, values }) => ({
              labels: metric,
              points: values.map(([seconds, value]) => ({ seconds, value: Number(value) }))
            }))
          )
        ),
      exemplars: (expression, window) => {
        const now = Date.now() / 1000
        const { end, start } = window ?? { start: now - 3600, end: now + 1 }
        return Effect.map(
          Http.json(Exemplars, query(`${url}/api/v1/query_exemplars`, { query: expression, start, end })),
          ({ data }) => data
        )
      },
      alerts,
      firing: Effect.map(
        alerts,
        (alerts) =>
          [...new Set(alerts.flatMap(({ labels, state }) => state === "firing" ? [labels["alertname"] ?? ""] : []))]
            .toSorted()
      ),
      targets: Effect.map(
        Http.json(Targets, `${url}/api/v1/targets?state=active`),
        ({ data }) => data.activeTargets
      ),
      rules: Effect.map(Http.json(Rules, `${url}/api/v1/rules`), ({ data }) => data.groups)
    }
  })
