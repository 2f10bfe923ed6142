// Ways in which a program carries a secret by mistake, each run by a request to the reference program's own API.
import { ErrorTracking } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Tracer from "effect/Tracer"
import { Providers } from "../../../examples/dawsos/providers/Providers.ts"
import { Simulator } from "../../../examples/dawsos/providers/Simulator.ts"
import type { Item } from "../Item.ts"

const Received = Schema.Struct({
  marker: Schema.String,
  entries: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.String, text: Schema.String }))
})

/** Running text with the marker in front of each secret, a line each. */
const textOf = ({ entries, marker }: Item): string => entries.map(({ text }) => `${marker} ${text}`).join("\n")

/** The secrets by their names; where several go by one name, each in an object of its own. */
const recordOf = ({ entries, marker }: Item): Readonly<Record<string, unknown>> =>
  Object.fromEntries([
    ["note", marker],
    ...entries.map(({ key, value }, index) => entries.length === 1 ? [key, value] : [`entry${index}`, { [key]: value }])
  ])

const json = (item: Item): string => JSON.stringify(recordOf(item))

/** What may stand in the value of a header. */
const headerValue = (text: string): string =>
  text.toWellFormed().replace(/[^\t\x20-\x7e]/gu, (character) => encodeURIComponent(character)).trim()

const headerName = (text: string): string => text.replace(/[^\w-]/g, "-")

const headersOf = ({ entries, marker }: Item): Headers =>
  new Headers([
    ["x-note", marker],
    ...entries.map(({ key, value }): [string, string] => [headerName(key), headerValue(value)])
  ])

const urlOf = ({ entries, marker }: Item): URL => {
  const url = new URL(`https://data.example.com/${marker}`)
  for (const { key, value } of entries) url.searchParams.append(key, value)
  return url
}

const mapOf = (item: Item): ReadonlyMap<string, unknown> => new Map(Object.entries(recordOf(item)))

const setOf = ({ entries, marker }: Item): ReadonlySet<string> =>
  new Set(entries.map(({ text }) => `${marker} ${text}`))

/** The objects that a value can be. */
const objects: Readonly<Record<string, (item: Item) => unknown>> = {
  text: textOf,
  object: recordOf,
  list: (item) => [[recordOf(item)], item.marker],
  map: mapOf,
  set: setOf,
  buffer: (item) => Buffer.from(textOf(item)),
  bytes: (item) => new TextEncoder().encode(textOf(item)),
  url: urlOf,
  headers: headersOf,
  parameters: (item) => urlOf(item).searchParams,
  json,
  "json in json": (item) => JSON.stringify({ note: item.marker, body: json(item) }),
  error: (item) => new Error(textOf(item), { cause: new TypeError(textOf(item)) })
}

/** Objects that take their marker with them in no form: it stands beside them. */
const silent = {
  annotation: new Set(["buffer", "bytes", "parameters"]),
  attribute: new Set(["map", "set", "buffer", "bytes", "headers", "parameters"])
}

const beside = (names: ReadonlySet<string>, name: string, item: Item): Readonly<Record<string, unknown>> => ({
  probe: objects[name]?.(item),
  ...names.has(name) ? { note: item.marker } : {}
})

/** An error with fields of its own. */
class ProbeError extends Error {
  override readonly name = "ProbeError"
  readonly request: unknown
  readonly headers: Headers
  constructor(message: string, fields: Item, cause: unknown) {
    super(message, { cause })
    this.request = recordOf(fields)
    this.headers = headersOf(fields)
  }
}

const of = (item: Item, carrier: string): Item => ({ ...item, marker: `${item.marker}${carrier}` })

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const first = (item: Item) => item.entries[0] ?? { key: "note", value: "", text: "" }

/** Errors of other hands that repeat what they were given. */
const echoes = (item: Item): ReadonlyArray<unknown> => [
  thrownBy(() =>
    Schema.decodeUnknownSync(Schema.Struct({ price: Schema.Finite }))({ price: textOf(of(item, "schema")) })
  ),
  thrownBy(() => JSON.parse(`${item.marker}json ${first(item).text}`)),
  thrownBy(() => new URL(`${item.marker}parse ${first(item).text}`)),
  recordOf(of(item, "thrown")),
  textOf(of(item, "said"))
]

type Requirements = SqlClient.SqlClient | HttpClient.HttpClient | Simulator | Providers

const sql = (run: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(SqlClient.SqlClient, run)

/** A row that is there already: Postgres repeats it in its answer. */
const insertedTwice = (item: Item) =>
  sql((sql) => {
    const row = { id: textOf(item), email: textOf(item), role: "owner", token_sha256: textOf(item) }
    const insert = sql`insert into users ${sql.insert(row)}`
    // The table is to be as before, whatever became of the probe.
    return Effect.ensuring(
      Effect.andThen(insert, insert),
      Effect.ignore(sql`delete from users where id = ${textOf(item)}`)
    )
  })

const request = (
  make: (base: string) => HttpClientRequest.HttpClientRequest,
  template = "/v3/quote/{symbol}"
) =>
  Effect.gen(function*() {
    const simulator = yield* Simulator
    const client = (yield* HttpClient.HttpClient).pipe(DawsOs.observeProvider({ provider: "fmp" }))
    const response = yield* client.execute(make(simulator.baseUrl("fmp"))).pipe(DawsOs.withUrlTemplate(template))
    return yield* response.text
  })

/** The providers of the program asked while they answer with what they should not. */
const provider = (item: Item, status: number) =>
  Effect.gen(function*() {
    const simulator = yield* Simulator
    const providers = yield* Providers
    simulator.answerWith({ status, body: { note: item.marker, symbol: textOf(item), ...recordOf(item) } })
    return yield* providers.fetch({
      provider: "fmp",
      endpoint: "/v3/quote/{symbol}",
      path: { symbol: item.marker + Math.random() },
      schema: Schema.Struct({ symbol: Schema.Finite })
    }).pipe(Effect.ensuring(Effect.sync(() => simulator.answerWith(undefined))))
  })

const logged = (log: Effect.Effect<void>) => log

const probes: Readonly<Record<string, (item: Item) => Effect.Effect<unknown, unknown, Requirements>>> = {
  "log message": (item) => logged(Effect.logWarning(textOf(item))),
  "log values": (item) => logged(Effect.logWarning("a probe", recordOf(item), mapOf(item), headersOf(item))),
  "log cause": (item) => logged(Effect.logError("a probe", Cause.fail(new Error(textOf(item))))),
  "log key": (item) => logged(Effect.annotateLogs(Effect.logWarning("a probe"), textOf(item), "x")),
  "log span": (item) => logged(Effect.withLogSpan(Effect.logWarning("a probe"), textOf(item))),
  ...Object.fromEntries(
    Object.keys(objects).map((name) => [
      `log annotation ${name}`,
      (item: Item) => logged(Effect.annotateLogs(Effect.logWarning("a probe"), beside(silent.annotation, name, item)))
    ])
  ),
  "log annotations": (item) => logged(Effect.annotateLogs(Effect.logWarning("a probe"), recordOf(item))),

  ...Object.fromEntries(
    Object.keys(objects).map((name) => [
      `span attribute ${name}`,
      (item: Item) => Effect.annotateCurrentSpan(beside(silent.attribute, name, item))
    ])
  ),
  "span attributes": (item) => Effect.annotateCurrentSpan(recordOf(item)),
  "span attribute key": (item) => Effect.annotateCurrentSpan(textOf(item), "x"),
  "span name": (item) => Effect.withSpan(Effect.void, textOf(item)),
  "span event": (item) =>
    Effect.map(Effect.currentSpan, (span) => {
      span.event(textOf(item), 1_700_000_000_000_000_000n, recordOf(item))
    }),
  "span link": (item) =>
    Effect.linkSpans(
      Effect.withSpan(Effect.void, "linked"),
      Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) }),
      recordOf(item)
    ),
  "span failure": (item) => Effect.fail(new ProbeError(textOf(item), item, new Error(textOf(item)))),
  "span defect": (item) => Effect.die(new ProbeError(textOf(item), item, textOf(item))),

  event: (item) =>
    Effect.failCause(Cause.fromReasons([
      Cause.makeFailReason(
        new ProbeError(textOf(of(item, "message")), of(item, "field"), new TypeError(textOf(of(item, "cause"))))
      ),
      ...echoes(item).map(Cause.makeFailReason)
    ])).pipe(
      Effect.tapCause((cause) => Effect.logError("a probe", cause)),
      (self) =>
        Effect.andThen(
          ErrorTracking.addBreadcrumb({
            category: "probe",
            message: textOf(of(item, "breadcrumb")),
            data: recordOf(of(item, "step"))
          }),
          self
        ),
      ErrorTracking.withTags(Object.fromEntries([
        ["note", `${item.marker}tag`],
        ...item.entries.map(({ key, value }) => [key, value]),
        ...item.entries.map(({ text }, index) => [`tag${index}`, text])
      ])),
      ErrorTracking.withUser({
        id: textOf(of(item, "user")),
        role: `${item.marker}role ${first(item).text}`,
        email: "ada@example.com"
      }),
      ErrorTracking.withBoundary(`probe ${item.marker}operation ${first(item).text}`)
    ),
  "event extra": (item) =>
    ErrorTracking.captureException(new Error("a probe"), {
      operation: `probe ${item.marker} ${first(item).text}`,
      extra: {
        ...recordOf(item),
        map: mapOf(item),
        buffer: Buffer.from(textOf(item)),
        json: json(item),
        url: urlOf(item)
      }
    }),
  "event of sql": (item) =>
    insertedTwice(item).pipe(
      Effect.tapCause((cause) => Effect.logError("a probe", cause)),
      ErrorTracking.withBoundary(`probe ${item.marker}operation ${first(item).text}`)
    ),
  "event message": (item) => ErrorTracking.captureMessage(textOf(item), "Warn"),

  "sql text": (item) =>
    sql((sql) => sql.unsafe(`select 1 as ${item.marker} where 'x' = '${textOf(item).replaceAll("'", "''")}'`)),
  "sql comment": (item) =>
    sql((sql) => sql.unsafe(`select 1 as ${item.marker} -- ${textOf(item).replace(/[\r\n]+/g, " ")}`)),
  // Quotes would be doubled, and an address that needs them is none any more.
  "sql identifier": (item) =>
    sql((sql) => sql.unsafe(`select 1 as "${textOf(item).includes("\"") ? item.marker : textOf(item)}"`)),
  "sql parameter": (item) => sql((sql) => sql`select ${textOf(item)}::text as note`),
  "sql syntax": (item) => sql((sql) => sql`select ${textOf(item)}::integer as note`),
  "sql unique": (item) => insertedTwice(item),

  "client query": (item) =>
    request((base) => HttpClientRequest.get(`${base}/v3/quote/${item.marker}?apikey=x&${urlOf(item).searchParams}`)),
  "client path": (item) =>
    request((base) => HttpClientRequest.get(`${base}/${item.marker}/${encodeURIComponent(first(item).text)}?apikey=x`)),
  "client headers": (item) =>
    request((base) =>
      HttpClientRequest.setHeaders(
        HttpClientRequest.get(`${base}/v3/quote/${item.marker}?apikey=x`),
        Object.fromEntries(headersOf(item))
      )
    ),
  "client body": (item) =>
    request((base) =>
      HttpClientRequest.bodyText(HttpClientRequest.post(`${base}/v3/quote/${item.marker}?apikey=x`), json(item))
    ),
  "client user": (item) =>
    request((base) =>
      HttpClientRequest.get(
        `${base.replace("://", `://svc:${encodeURIComponent(first(item).value)}@`)}/v3/quote/${item.marker}?apikey=x`
      )
    ),
  "client refused": (item) =>
    request(() => HttpClientRequest.get(`http://127.0.0.1:1/${item.marker}?${urlOf(item).searchParams}`)),
  "provider refusal": (item) => provider(item, 403),
  "provider answer": (item) => provider(item, 200),

  "label service": (item) => DawsOs.withServiceMetrics(Effect.void, { service: textOf(item), method: item.marker }),
  "label capability": (item) =>
    DawsOs.withCapabilityMetrics(Effect.void, { agent: item.marker, capability: textOf(item) }),
  "label pattern": (item) => DawsOs.withPatternMetrics(Effect.void, { patternId: textOf(item) }),
  "label endpoint": (item) => DawsOs.withProviderMetrics(Effect.void, { provider: "fmp", endpoint: textOf(item) }),
  "label table": (item) => DawsOs.withDatabaseMetrics(Effect.void, { operation: item.marker, table: textOf(item) }),
  "metric attribute": (item) =>
    Metric.update(
      Metric.withAttributes(
        Metric.counter("probe_total", { description: "Probes." }),
        Object.fromEntries(Object.entries(recordOf(item)).map(([key, value]) => [key, String(value)]))
      ),
      1
    )
}

/** The names of the probes, for whoever asks for them. */
export const names: ReadonlyArray<string> = Object.keys(probes)

/** `POST /probe/{name}`: runs the probe for each item of the body, each in a span of its own. */
export const layer = HttpRouter.use((router) =>
  router.add(
    "POST",
    "/probe/:name",
    Effect.gen(function*() {
      const { name = "" } = yield* HttpRouter.params
      const probe = probes[decodeURIComponent(name)]
      const items = yield* HttpServerRequest.schemaBodyJson(Schema.Array(Received))
      if (probe === undefined) return HttpServerResponse.empty({ status: 404 })
      for (const item of items) {
        yield* Effect.exit(Effect.withSpan(probe(item), "a probe", { root: true }))
      }
      return HttpServerResponse.empty({ status: 204 })
    })
  )
)
