/** Jaeger with the committed configuration, and what a test asks of it: services, traces by tag, a trace as a tree. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "./Http.ts"
import * as Service from "./Service.ts"
import type * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

/** The ports of the compose file's Jaeger, as they are in the container. */
export const ports = { query: 16_686, otlp: 4318, otlpGrpc: 4317, thriftHttp: 14_268, thriftUdp: 6831 } as const

const Tag = Schema.Struct({ key: Schema.String, type: Schema.String, value: Schema.Unknown })

const Span = Schema.Struct({
  traceID: Schema.String,
  spanID: Schema.String,
  operationName: Schema.String,
  references: Schema.Array(Schema.Struct({ refType: Schema.String, traceID: Schema.String, spanID: Schema.String })),
  /** Unix microseconds. */
  startTime: Schema.Number,
  /** Microseconds. */
  duration: Schema.Number,
  tags: Schema.Array(Tag),
  logs: Schema.Array(Schema.Struct({ timestamp: Schema.Number, fields: Schema.Array(Tag) })),
  processID: Schema.String
})

const Trace = Schema.Struct({
  traceID: Schema.String,
  spans: Schema.Array(Span),
  processes: Schema.Record(Schema.String, Schema.Struct({ serviceName: Schema.String, tags: Schema.Array(Tag) }))
})

const Traces = Schema.Struct({ data: Schema.NullOr(Schema.Array(Trace)) })
const Names = Schema.Struct({ data: Schema.NullOr(Schema.Array(Schema.String)) })

export type Span = typeof Span.Type
export type Trace = typeof Trace.Type

export interface Search {
  readonly service: string
  /** The name of a span in the trace. */
  readonly operation?: string
  /** Tags that one span of the trace must have, `error: "true"` among them. */
  readonly tags?: Readonly<Record<string, string>>
  /** Of the last so many seconds; an hour unless said. */
  readonly seconds?: number
  readonly limit?: number
}

export interface Jaeger extends Service.Service {
  readonly services: Effect.Effect<ReadonlyArray<string>, Http.AskFailed>
  readonly operations: (service: string) => Effect.Effect<ReadonlyArray<string>, Http.AskFailed>
  readonly find: (search: Search) => Effect.Effect<ReadonlyArray<Trace>, Http.AskFailed>
  /** One trace by its id; undefined where Jaeger has none. */
  readonly trace: (id: string) => Effect.Effect<Trace | undefined, Http.AskFailed>
  /** The environment that sends a program's spans here, by each of the three ways. */
  readonly destinations: Readonly<Record<Route, Readonly<Record<string, string>>>>
}

/** The ways in which spans reach Jaeger. */
export type Route = "otlp" | "thriftHttp" | "thriftUdp"
export const routes: ReadonlyArray<Route> = ["otlp", "thriftHttp", "thriftUdp"]

/** Starts the compose file's Jaeger, or another service that runs the same program; ended with the scope. */
export const start = (
  stack: Stack.Stack,
  service = "jaeger"
): Effect.Effect<
  Jaeger,
  Service.NotStarted | Tool.ToolMissing,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const running = yield* Service.start(stack, service, Tool.path("jaeger"))
    const api = `${stack.url(service, ports.query)}/api`
    const names = (url: string) => Effect.map(Http.json(Names, url), ({ data }) => data ?? [])
    return {
      ...running,
      services: names(`${api}/services`),
      operations: (of) => names(`${api}/services/${encodeURIComponent(of)}/operations`),
      find: (search) => {
        const now = Date.now() * 1000
        const parameters = new URLSearchParams({
          service: search.service,
          ...(search.operation === undefined ? {} : { operation: search.operation }),
          ...(search.tags === undefined ? {} : { tags: JSON.stringify(search.tags) }),
          start: String(now - (search.seconds ?? 3600) * 1_000_000),
          end: String(now),
          limit: String(search.limit ?? 100)
        })
        return Effect.map(Http.json(Traces, `${api}/traces?${parameters}`), ({ data }) => data ?? [])
      },
      trace: (id) =>
        Http.json(Traces, `${api}/traces/${id}`).pipe(
          Effect.map(({ data }) => data?.[0]),
          Effect.catchIf(({ status }) => status === 404, () => Effect.succeed(undefined))
        ),
      destinations: {
        otlp: { OTEL_EXPORTER_OTLP_ENDPOINT: stack.url(service, ports.otlp) },
        thriftHttp: { JAEGER_ENDPOINT: `${stack.url(service, ports.thriftHttp)}/api/traces` },
        thriftUdp: {
          JAEGER_AGENT_HOST: "127.0.0.1",
          JAEGER_AGENT_PORT: String(stack.port(service, ports.thriftUdp))
        }
      }
    }
  })

/** A span with the spans below it, in the order in which they began. */
export interface Tree {
  readonly name: string
  readonly span: Span
  readonly children: ReadonlyArray<Tree>
}

/** The value of a span's tag. */
export const tag = (span: Span, key: string): unknown => span.tags.find((candidate) => candidate.key === key)?.value

/** A trace as trees, and the spans whose parent is not in it. */
export const trees = (
  trace: Trace
): { readonly roots: ReadonlyArray<Tree>; readonly orphans: ReadonlyArray<Span> } => {
  const ids = new Set(trace.spans.map(({ spanID }) => spanID))
  const parentOf = (span: Span): string | undefined =>
    span.references.find(({ refType, traceID }) => refType === "CHILD_OF" && traceID === span.traceID)?.spanID
  const ordered = trace.spans.toSorted((a, b) =>
    a.startTime - b.startTime || a.operationName.localeCompare(b.operationName)
  )
  const grow = (span: Span): Tree => ({
    name: span.operationName,
    span,
    children: ordered.filter((candidate) => parentOf(candidate) === span.spanID).map(grow)
  })
  return {
    roots: ordered.filter((span) => parentOf(span) === undefined).map(grow),
    orphans: ordered.filter((span) => {
      const parent = parentOf(span)
      return parent !== undefined && !ids.has(parent)
    })
  }
}

/** A tree as indented lines, the children of a span in the order of their text: for comparison and for people. */
export const outline = (tree: Tree, show: (span: Span) => string = ({ operationName }) => operationName): string =>
  [
    show(tree.span),
    ...tree.children.map((child) => outline(child, show)).toSorted().flatMap((child) =>
      child.split("\n").map((line) => `  ${line}`)
    )
  ].join("\n")
