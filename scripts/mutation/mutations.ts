// The breakages that the tests must notice: one line each, spread over the core of the layer. The sentence says what
// does not hold any more. Test files are the fastest that know; `.ci/run` runs the whole list.
import type { Mutation } from "./Mutation.ts"

type Breakage = readonly [breaks: string, search: string, replace: string]

/** Breakages of one file that the same test files notice, each of them all. */
const inFile = (
  file: string,
  tests: ReadonlyArray<string>,
  ...breakages: ReadonlyArray<Breakage>
): ReadonlyArray<Mutation> => breakages.map(([breaks, search, replace]) => ({ breaks, file, search, replace, tests }))

const config = [
  inFile(
    "src/config/Parser.ts",
    ["test/ObservabilityConfig.test.ts"],
    ["a switch is read in any case", "const lower = text.toLowerCase()", "const lower = text"],
    [
      "a number in another notation than decimal digits is refused",
      "if (!/^\\d+$/.test(text)) return",
      "if (Number.isNaN(Number(text))) return"
    ]
  ),
  inFile(
    "src/config/Problem.ts",
    ["test/ObservabilityConfig.test.ts"],
    ["a secret's value is not shown", "variable.secret ? ", "false ? "]
  ),
  inFile(
    "src/config/Resolve.ts",
    ["test/ObservabilityConfig.test.ts"],
    ["gRPC is refused", "if (value !== \"http/protobuf\") from", "if (false) from"],
    ["every bad value is reported at once", "Result.fail([first, ...rest])", "Result.fail([first])"]
  )
]

const core = [
  inFile(
    "src/Observation.ts",
    ["test/Observation.test.ts"],
    [
      "automatic instrumentation leaves the count to the observation around it",
      "if (recorded?.[index] === true) return",
      ""
    ],
    ["a duration is told in seconds", "status, nanos / 1e9", "status, nanos / 1e6"],
    ["a degraded value counts as such", "Status.statusOf(exit, options?.degraded)", "Status.statusOf(exit)"],
    ["the span says how the operation ended", "attribute(guard, span, statusAttribute, status)", "attribute"],
    ["what outlives an operation is no part of it", "frame.ended = true", "frame.ended = false"]
  ),
  inFile(
    "src/observation/Status.ts",
    ["test/Observation.test.ts"],
    ["a defect is told from an error", "if (reason._tag === \"Die\") return \"defect\"", ""]
  ),
  inFile(
    "src/observation/GuardedSpan.ts",
    ["test/Observation.test.ts"],
    ["only sampled spans are exemplars", "return span.sampled ? {", "return span ? {"],
    ["a span is a child of the one around it", "parent: Option.fromUndefinedOr(parent)", "parent: Option.none()"]
  ),
  inFile(
    "src/observation/Announcement.ts",
    ["test/Observation.test.ts"],
    [
      "a listener that throws is not felt",
      "fiber.getRef(Guard.CurrentGuard).count(\"listener\", fault)",
      "throw fault"
    ]
  ),
  inFile(
    "src/Guard.ts",
    ["test/Guard.test.ts"],
    ["a fault stays out of the program", "return fallback()", "throw fault"],
    ["faults are counted", "(counts.get(hook) ?? 0) + 1", "1"]
  ),
  inFile(
    "src/Boundary.ts",
    ["test/Boundary.test.ts"],
    ["old breadcrumbs give way", "if (this.breadcrumbs.length >= maxBreadcrumbs) this", "if (false) this"],
    ["what was known where a failure began stays", "...known,", "...known, ...outer,"],
    ["a request beats the job that serves it", "return byRequestSource.get(source) ?? job", "return job"]
  ),
  inFile(
    "src/Catalogue.ts",
    ["test/Catalogue.test.ts"],
    ["buckets ascend", "previous >= bound", "previous > bound"],
    ["two metrics of one name are refused", "if (owner !== undefined) refuse", "if (false) refuse"],
    ["a counter claims its name without the suffix", "...(definition.kind === \"counter\" ? [", "...(false ? ["]
  )
]

const scrubber = [
  inFile(
    "src/Scrubber.ts",
    ["test/Scrubber.test.ts"],
    ["bearer tokens are taken out", "Credentials.authorizationDetector,", ""],
    ["ids in paths become pseudonyms", "Paths.pathDetector(paths),", ""]
  ),
  inFile(
    "src/scrubber/Identifiers.ts",
    ["test/Scrubber.test.ts"],
    ["a pseudonym has 8 hex digits", ".digest(\"hex\").slice(0, 8)", ".digest(\"hex\").slice(0, 9)"]
  ),
  inFile(
    "src/scrubber/Personal.ts",
    ["test/Scrubber.test.ts"],
    ["a number that is no card stays", "return known && luhn(digits)", "return known"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/Scrubber.test.ts"],
    ["the whole of a database URL is a credential", "if (credentialSchemes.has(scheme)) {", "if (false) {"]
  ),
  inFile(
    "src/scrubber/Text.ts",
    ["test/scrubber/Text.test.ts"],
    ["a secret across the limit of length is seen whole", "const margin = 4096", "const margin = 0"]
  ),
  inFile(
    "src/scrubber/Detector.ts",
    ["test/Scrubber.test.ts"],
    ["a text on which a detector threw stays here", "return unreadable", "return text"]
  ),
  inFile(
    "src/scrubber/Reading.ts",
    ["test/Scrubber.test.ts"],
    ["a getter that throws costs its own property only", "content = unreadable", "throw new Error()"]
  ),
  inFile(
    "src/scrubber/Walker.ts",
    ["test/Scrubber.test.ts"],
    ["a cycle is named", "if (walk.ancestors.has(value)) return", "if (false) return"],
    ["a sensitive key decides whatever its value", "return secret(value, walk)", "return any(value, key, depth, walk)"]
  ),
  inFile(
    "src/scrubber/Keys.ts",
    ["test/scrubber/Keys.test.ts"],
    ["keys in camel case are read", "if (isUpper(c) && startsWord(name, i)) {", "if (false) {"],
    ["a plain word is no secret", "if (last === \"key\" &&", "if (last.endsWith(\"key\") &&"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/scrubber/Linear.test.ts"],
    ["URLs are read in linear time", "if (start >= token.end) {", "if (true) {"]
  )
]

const metrics = [
  inFile(
    "src/metrics/Cells.ts",
    ["test/metrics/Metrics.test.ts"],
    ["a counter does not fall", "amount >= 0 && ", ""],
    ["a value on a bound is in its bucket", "value > this.bounds[bucket]!", "value >= this.bounds[bucket]!"],
    ["a histogram takes no NaN", "if (!isFinite(value) || value < 0", "if (value < 0"]
  ),
  inFile(
    "src/metrics/Family.ts",
    ["test/metrics/Metrics.test.ts"],
    ["the series of a metric are capped", "if (this.all.length < Catalogue.maxSeriesPerMetric)", "if (true)"],
    ["what overflows is counted", "if (taken) family.overflow(labels)", ""],
    ["known label sets show at 0", "if (definition.kind !== \"gauge\") this", "if (false) this"]
  ),
  inFile(
    "src/metrics/Labels.ts",
    ["test/metrics/Labels.test.ts"],
    ["the values of a label are capped", "if (distinct.size >= label.max) return", "if (false) return"],
    ["label values are scrubbed", "scrub(raw).toWellFormed()", "raw.toWellFormed()"]
  ),
  inFile(
    "src/metrics/Registry.ts",
    ["test/metrics/Metrics.test.ts"],
    ["an age is told in seconds", "(now() - value) / 1000", "(now() - value)"],
    [
      "a definition whose name is taken gives way",
      "if (Catalogue.claimedNames(definition).some((name) => claims.has(name))) {",
      "if (false) {"
    ],
    [
      "a collector that throws costs its own metric only",
      "books.scrapeFailed(definition.name, fault)",
      "throw fault"
    ]
  ),
  inFile(
    "src/metrics/Exposition.ts",
    ["test/metrics/Exposition.test.ts"],
    [
      "a metric that can't be written costs its own series only",
      "books.scrapeFailed(metric.name, fault)",
      "throw fault"
    ],
    [
      "of two metrics of one name the catalogue's is shown",
      "if (claims.some((name) => claimed.has(name)))",
      "if (false)"
    ],
    ["OpenMetrics ends in EOF", "as === \"openmetrics\" ? \"# EOF\\n\" : \"\"", "\"\""],
    ["an exemplar names its trace", "labelSet: { trace_id: ", "labelSet: { trace: "]
  ),
  inFile(
    "src/metrics/EffectMetrics.ts",
    ["test/metrics/Exposition.test.ts"],
    ["a counter that may fall is a gauge", "type: incremental ? \"counter\" : \"gauge\"", "type: \"counter\""]
  ),
  inFile(
    "src/metrics/MetricsServer.ts",
    ["test/metrics/MetricsServer.test.ts"],
    [
      "only the right token opens the metrics",
      "return timingSafeEqual(",
      "return presented !== \"\" || timingSafeEqual("
    ]
  ),
  inFile(
    "src/metrics/Negotiation.ts",
    ["test/metrics/Negotiation.test.ts"],
    ["of equal wishes OpenMetrics is written", "openMetrics >= text", "openMetrics > text"],
    ["an unknown version of OpenMetrics is not promised", "openMetricsVersions.has(version) ? 3", "true ? 3"]
  ),
  inFile(
    "src/metrics/Numbers.ts",
    ["test/metrics/Numbers.test.ts"],
    ["a bound is written as Go does", "power >= 6", "power >= 21"]
  ),
  inFile(
    "src/metrics/RuntimeMetrics.ts",
    ["test/metrics/RuntimeMetrics.test.ts"],
    ["the last layer stops what watches Node", "if (users === 0) stop()", ""]
  )
]

const tracing = [
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    ["spans that a sink forgets are lost by its fault", "this.drop(\"fault\", left)", ""],
    ["a full queue counts what it turns away", "return this.drop(\"queue_full\")", "return"],
    ["what waits at the end is counted", "this.drop(\"shutdown\", waiting)", ""],
    [
      "an export that hangs is given up",
      "() => running.giveUp(`no answer",
      "() => String(`no answer"
    ],
    [
      "one export runs at a time",
      "#pump(): void {\n    if (this.#running !== undefined || ",
      "#pump(): void {\n    if ("
    ],
    ["spans in flight are in the books", "this.#inFlight = batch.length", ""],
    ["a sink takes its share only", "if (!selected) {", "if (false) {"]
  ),
  inFile(
    "src/tracing/SpanPipeline.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    ["a flush ends in time", "after(budget, ", "after(2 * budget, "],
    [
      "a span that can't be scrubbed stays here",
      "this.#scrub(span), () => undefined)",
      "this.#scrub(span), () => span)"
    ],
    ["unsampled spans stay here", "if (isSampled(span)) this.#onEnd(span)", "this.#onEnd(span)"],
    [
      "a sink that hangs does not hold up the shutdown",
      "after(shutdownReserve, () => resume",
      "after(2 * shutdownReserve, () => resume"
    ]
  ),
  inFile(
    "src/tracing/TracingLive.ts",
    ["test/tracing/TracingLive.test.ts"],
    [
      "spans are scrubbed",
      "ScrubbedSpan.make(span, scrubber)",
      "ScrubbedSpan.make(span, { text: (text) => text, attributes: (attributes) => attributes })"
    ]
  ),
  inFile(
    "src/tracing/TracingLive.ts",
    ["test/tracing/Instrumentations.test.ts"],
    ["exports are not traced", "Otel.context.with(suppressTracing(Otel.ROOT_CONTEXT), body)", "body()"]
  ),
  inFile(
    "src/tracing/ScrubbedSpan.ts",
    ["test/tracing/TracingLive.test.ts"],
    ["the name of a span is scrubbed", "name: scrubber.text(SpanName", "name: String(SpanName"],
    ["the events of a span are scrubbed", "span.events.map((event) => scrubEvent(event, scrubber))", "span.events"],
    ["the links of a span are scrubbed", "span.links.map((link) => scrubLink(link, scrubber))", "span.links"],
    ["the message of a status is scrubbed", "scrubber.text(status.message)", "status.message"]
  ),
  inFile(
    "src/tracing/Sampler.ts",
    ["test/tracing/EffectTracer.test.ts"],
    ["unsampled spans are counted", "if (result.decision === SamplingDecision.NOT_RECORD) onUnsampled()", ""],
    ["a caller that is not trusted decides nothing", "trustRemoteSampled ? { root }", "true ? { root }"]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    ["test/tracing/Parents.test.ts"],
    ["a foreign span is under the fiber's", "return span === undefined || ", "return true || "]
  ),
  inFile(
    "src/tracing/EffectTracer.ts",
    ["test/tracing/Parents.test.ts"],
    [
      "what a fiber starts and does not run finds its span",
      ": entering(guard, primitive, fiber)",
      ": primitive[\"~effect/Effect/evaluate\"](fiber)"
    ]
  ),
  inFile(
    "src/tracing/GlobalApi.ts",
    ["test/tracing/Parents.test.ts"],
    ["the process-wide parts stay until the last layer", "if (live.length > 0 || ", "if ("]
  ),
  inFile(
    "src/observation/Outcome.ts",
    ["test/tracing/EffectTracer.test.ts"],
    ["a span tells a defect from an error", "outcome: reason._tag === \"Die\" ?", "outcome: false ?"],
    ["an interruption is no error", "=== \"number\" && serverStatus >= 500", "=== \"number\""]
  ),
  inFile(
    "src/observation/SpanName.ts",
    ["test/tracing/ServerSpans.test.ts"],
    ["a server's span is named by its route", "if (typeof route === \"string\" && name", "if (false && name"]
  ),
  inFile(
    "src/scrubber/Locators.ts",
    ["test/tracing/ScrubbedSpan.test.ts"],
    ["a URL is judged by the parameters of its route", "if (route !== undefined) align", "if (false) align"]
  ),
  inFile(
    "src/tracing/Thrift.ts",
    ["test/tracing/Thrift.test.ts"],
    ["negative numbers are written as Thrift wants", "(value << 1n) ^ (value >> 63n)", "value << 1n"],
    ["far fields are written in the long form", "delta > 0 && delta <= 15", "delta > 0"],
    ["long lists are written in the long form", "if (size < 15) {", "if (size <= 15) {"]
  ),
  inFile(
    "src/tracing/JaegerSink.ts",
    ["test/tracing/JaegerSink.test.ts"],
    ["a span that fits no packet costs itself only", "if (span.byteLength > room) {", "if (false) {"]
  ),
  inFile(
    "src/tracing/JaegerThrift.ts",
    ["test/tracing/JaegerSink.test.ts"],
    [
      "arrays go to Jaeger as JSON",
      "Array.isArray(value) ? JSON.stringify(value)",
      "Array.isArray(value) ? String(value)"
    ]
  ),
  inFile(
    "src/tracing/OtlpSink.ts",
    ["test/tracing/OtlpSink.test.ts"],
    ["a partial success is not a whole one", "accepted: count - rejected", "accepted: count"]
  ),
  inFile(
    "src/tracing/HttpPost.ts",
    ["test/tracing/OtlpSink.test.ts"],
    ["no connection is told from no answer", "connected ? \"timeout\" : \"unreachable\"", "\"timeout\""],
    ["a server that is busy may be asked again", "retryableStatus.has(status)", "false"]
  ),
  inFile(
    "src/tracing/SentrySink.ts",
    ["test/tracing/SentrySink.test.ts"],
    ["Sentry gets its share of the traces", "sampled(span.spanContext().traceId)", "true"]
  )
]

const errors = [
  inFile(
    "src/errors/ErrorReporter.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["a failure gives one event", "if (before !== undefined) return before", "if (false) return before"]
  ),
  inFile(
    "src/errors/Expected.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["an answer below 500 is expected", "status < 500 || ", ""],
    [
      "a failure that is marked is not reported",
      "if (ask(() => ErrorReporter.isIgnored(value)) === true) return false",
      ""
    ]
  ),
  inFile(
    "src/errors/EventPipeline.ts",
    ["test/errors/EventPipeline.test.ts"],
    ["events of a kind are limited", "if (same >= limits.perFingerprint) return false", ""],
    ["all events together are limited", "if (passed.length >= limits.perMinute) return false", ""],
    ["what waits is limited", "if (queue.length >= capacity) return refuse(\"queue_full\")", ""],
    ["an event settles once", "if (!inFlight.delete(event)) return", "inFlight.delete(event)"],
    ["what is on its way at the end is counted", "drops.timeout += inFlight.size", ""],
    [
      "an event that can't be scrubbed stays here",
      "options.scrub(event), () => undefined",
      "options.scrub(event), () => event"
    ]
  ),
  inFile(
    "src/errors/EventBuilder.ts",
    ["test/errors/ErrorReporter.test.ts"],
    [
      "events of one type and operation are one issue",
      "fingerprint: [exceptions[0]?.type",
      "fingerprint: [exceptions[0]?.value"
    ],
    ["a span that was not traced has no trace", " && realTraceId.test(traceId)", ""]
  ),
  inFile(
    "src/errors/EventScrubber.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["messages of exceptions are scrubbed", "value: text(exception.value)", "value: exception.value"],
    ["a user's id is a pseudonym", "id: scrubber.pseudonym(user.id)", "id: user.id"],
    ["an e-mail address stays unless asked for", "...(sendEmail && user", "...(user"],
    ["data of breadcrumbs is scrubbed", "recordOf(scrubber.value(breadcrumb.data))", "recordOf(breadcrumb.data)"]
  ),
  inFile(
    "src/errors/Breadcrumbs.ts",
    ["test/errors/ErrorReporter.test.ts"],
    [
      "breadcrumbs begin at warnings",
      "isGreaterThanOrEqualTo(logLevel, \"Warn\")",
      "isGreaterThanOrEqualTo(logLevel, \"Info\")"
    ]
  ),
  inFile(
    "src/errors/Exceptions.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["causes in a circle are told once", "if (seen.has(value)) continue", ""]
  ),
  inFile(
    "src/errors/FailingSpans.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["an event names the span that failed", "guard.run(\"reporter\", () => note(this, exit), () => undefined)", ""]
  ),
  inFile(
    "src/errors/SentrySink.ts",
    ["test/errors/SentrySink.test.ts"],
    ["no integration is set up", "integrations: [],", ""],
    [
      "an event that may have arrived is told from one that has not",
      "if (error instanceof DeadlineExceeded) return \"timeout\"",
      ""
    ],
    [
      "a tracker that asks for fewer events throttles",
      "status === 429 ? \"throttled\"",
      "status === 429 ? \"rejected\""
    ]
  )
]

const logging = [
  inFile(
    "src/logging/LogLine.ts",
    ["test/logging/Logging.test.ts"],
    ["messages are scrubbed", "const message = scrubber.text(", "const message = String("],
    ["a line says in which trace it was written", "{ trace_id: span.traceId, span_id: span.spanId }", "{}"],
    ["causes are scrubbed", "undefined : scrubber.text(data.cause)", "undefined : data.cause"]
  ),
  inFile(
    "src/logging/PrettyLine.ts",
    ["test/logging/Logging.test.ts"],
    ["a text does not steer the terminal", "(code < 32 && character !== \"\\t\")", "false"]
  )
]

const instrument = [
  inFile(
    "src/instrument/HttpServer.ts",
    ["test/instrument/HttpServer.test.ts"],
    [
      "a request without a route has no path in its labels",
      "const endpoint = route ?? unmatched",
      "const endpoint = route ?? pathOf(request.url)"
    ],
    ["a request that the client gave up is 499", "aborted ? 499 : 503", "503"],
    ["health checks are not counted", "if (unobserved(guard, request)) return", "if (false) return"],
    ["a request id from outside is checked", "acceptedRequestId.test(given)", "true"]
  ),
  inFile(
    "src/instrument/HttpRoutes.ts",
    ["test/instrument/HttpServer.test.ts"],
    ["a route is told as a template", "if (char !== \":\") template", "if (true) template"]
  ),
  inFile(
    "src/instrument/SqlText.ts",
    ["test/instrument/SqlText.test.ts"],
    ["a name that WITH defines is no table", "filter(({ name }) => !defined.has(name))", "filter(() => true)"]
  ),
  inFile(
    "src/instrument/SqlTokens.ts",
    ["test/instrument/SqlText.test.ts"],
    ["literals are out of the text", "token.kind === \"literal\" ? \"?\" : token.text", "token.text"]
  ),
  inFile(
    "src/instrument/Sql.ts",
    ["test/instrument/Sql.test.ts"],
    ["the text of a statement is its shape", "GuardedSpan.attribute(guard, span, \"db.query.text\", shape)", ""],
    ["a statement that fails is counted as such", "&& failure) metrics", "&& false) metrics"],
    ["a transaction that fails ends in a rollback", "exit._tag === \"Success\" ? \"commit\"", "true ? \"commit\""]
  ),
  inFile(
    "src/instrument/SqlConnections.ts",
    ["test/instrument/Sql.test.ts"],
    ["connections are given back", "this.#change(-1)", ""]
  ),
  inFile(
    "src/instrument/Redis.ts",
    ["test/instrument/Redis.test.ts"],
    ["Redis counts nothing that is counted around it", "automatic: true", "automatic: false"],
    ["what is no command is no label", "command.toUpperCase() : \"_OTHER\"", "command.toUpperCase() : command"]
  ),
  inFile(
    "src/instrument/HttpClient.ts",
    ["test/instrument/HttpClient.test.ts"],
    [
      "a request that is counted around it is not counted twice",
      "if (!Observation.isRecorded(fiber, options.requests)) {",
      "{"
    ],
    ["keys of the query are hidden", "HttpSecrets.hide(request, all)", "request"],
    ["an answer of 400 and above is an error", "exit.value.status >= 400 ? \"error\"", "false ? \"error\""]
  )
]

const testing = [
  inFile(
    "src/testing/TestTracer.ts",
    ["test/testing/TestTracing.test.ts"],
    ["an unsampled trace is not kept", "if (!sampled) {", "if (false) {"]
  ),
  inFile(
    "src/testing/SpanComparison.ts",
    ["test/testing/TestTracing.test.ts"],
    ["a span too many is a difference", "weight: TestSpans.size(each)", "weight: 0"]
  ),
  inFile(
    "src/testing/TestMetrics.ts",
    ["test/testing/TestMetrics.test.ts"],
    ["a value that is not as expected fails", "if (actual === expected) return met", "return met"],
    ["a change that is not as expected fails", "if (actual === expected) return {", "return {"]
  ),
  inFile(
    "src/testing/TestErrors.ts",
    ["test/testing/TestErrors.test.ts"],
    ["an event that was not expected fails", "all.length === 0 ? met", "true ? met"]
  ),
  inFile(
    "src/testing/Pattern.ts",
    ["test/testing/TestTracing.test.ts"],
    ["what is not as expected is a difference", "return Equal.equals(expected, actual) ? []", "return true ? []"]
  )
]

const layer = [
  inFile(
    "src/Observability.ts",
    ["test/integration/Disabled.test.ts"],
    ["what is off does nothing", "if (!config.enabled) {", "if (false) {"],
    [
      "a program that is off loads no vendor",
      "import * as Tracing from \"./tracing/Tracing.ts\"",
      "import * as Tracing from \"./tracing/Tracing.ts\"; import \"./ObservabilityLive.ts\""
    ]
  ),
  inFile(
    "src/ObservabilityLive.ts",
    ["test/integration/Shutdown.test.ts"],
    [
      "spans and events share the time at the end",
      "Scope.fork(yield* Effect.scope, \"parallel\")",
      "Scope.fork(yield* Effect.scope, \"sequential\")"
    ]
  ),
  inFile(
    "src/SelfObservation.ts",
    ["test/testing/DawsOs.test.ts"],
    ["the books of spans are shown", "tracing.accounting().ended", "0"],
    ["the books of events are shown", "errors.accounting().captured", "0"]
  )
]

const dawsos = [
  inFile(
    "src/dawsos/combinators.ts",
    ["test/dawsos/combinators.test.ts"],
    [
      "a defect of a query counts as its error",
      "status === \"error\" || status === \"defect\" ?",
      "status === \"error\" ?"
    ]
  ),
  inFile(
    "src/dawsos/recorders.ts",
    ["test/dawsos/recorders.test.ts"],
    ["one status of a pack holds at a time", "set(status === pack.status ? 1 : 0)", "set(1)"]
  )
]

export const mutations: ReadonlyArray<Mutation> = [
  config,
  core,
  scrubber,
  metrics,
  tracing,
  errors,
  logging,
  instrument,
  testing,
  layer,
  dawsos
].flat(2)
