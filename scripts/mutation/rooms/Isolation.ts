// What keeps requests and layers apart, and what a layer gives back at its end.
import { inFile } from "../inFile.ts"

const jobs = "test/isolation/Jobs.test.ts"
const requests = "test/isolation/Requests.test.ts"
const layers = "test/isolation/TwoLayers.test.ts"
const lives = "test/isolation/Lives.test.ts"
const hostSentry = "test/isolation/HostSentry.test.ts"
const halfWay = "test/isolation/HalfWay.test.ts"

export const mutations = [
  inFile(
    "src/Boundary.ts",
    [requests],
    [
      "requests do not share one event scope",
      "if (source === undefined || current?.source === source) return current",
      "if (source === undefined || current?.source === source) return (Reflect.set(ofFiber, \"one\", Reflect.get(ofFiber, \"one\") ?? current), Reflect.get(ofFiber, \"one\"))"
    ],
    [
      "a job that is begun in a request is no part of it",
      "|| current?.source === source) return current",
      ") return current"
    ]
  ),
  inFile(
    "src/Boundary.ts",
    [jobs, requests],
    [
      "one error object that fails in many requests tells in each of its own",
      "readonly #failures = new Map<unknown, FailureContext>()",
      "static readonly all = new Map<unknown, FailureContext>(); readonly #failures = Boundary.all"
    ],
    [
      "breadcrumbs are those of their own request",
      "readonly #breadcrumbs: Array<Breadcrumb | LazyBreadcrumb> = []",
      "static readonly all: Array<Breadcrumb | LazyBreadcrumb> = []; readonly #breadcrumbs = Boundary.all"
    ]
  ),
  inFile(
    "src/errors/ErrorTracking.ts",
    [jobs],
    [
      "a job has an event scope of its own",
      "const boundary = Boundary.makeJob(operation, fiber)",
      "const boundary = fiber.getRef(Boundary.CurrentBoundary) ?? Boundary.makeJob(operation, fiber)"
    ],
    [
      "tags are those of the code around a failure",
      "{ ...Context.get(context, CurrentTags), ...read })",
      "Object.assign(Context.get(context, CurrentTags), read))"
    ]
  ),
  inFile(
    "src/observation/DirectOperation.ts",
    [jobs, requests],
    [
      "a span's parent is not the span that was opened last",
      "const parent = this.#parent()",
      "const parent = Reflect.get(Run, \"last\") ?? this.#parent(); queueMicrotask(() => Reflect.set(Run, \"last\", this.#span))"
    ]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    [jobs],
    [
      "a third party's span is below the one whose promise it works for",
      "const entered = this.#storage.getStore()\n    try {",
      "const entered = Reflect.get(this, \"last\") as Entered | undefined\n    try {"
    ],
    [
      "while a fiber runs, the active span is its own",
      "return span === entered?.span ? contextOf(entered) :",
      "return span === entered?.span ? (Reflect.set(this, \"one\", Reflect.get(this, \"one\") ?? contextOf(entered)), Reflect.get(this, \"one\")) :"
    ]
  ),
  inFile(
    "src/Observation.ts",
    [jobs],
    [
      "each place of use has its own labels and span",
      "const dataLast = (input: Input, options: Options | undefined) => {\n    let place: Place<Input> | undefined\n",
      "let place: Place<Input> | undefined\n  const dataLast = (input: Input, options: Options | undefined) => {\n"
    ]
  ),
  inFile(
    "src/observation/Place.ts",
    [lives],
    [
      "a place of use lets go of layers that were closed",
      "this.#bound ??= new WeakMap()",
      "this.#bound ??= new Map() as never"
    ]
  ),
  inFile(
    "src/logging/LogLine.ts",
    [jobs],
    [
      "a log line names the span in which it was written",
      "const span = logged.fiber.cache.span",
      "const span = (Reflect.set(make, \"one\", Reflect.get(make, \"one\") ?? logged.fiber.cache.span), Reflect.get(make, \"one\"))"
    ]
  ),
  inFile(
    "src/tracing/GlobalApi.ts",
    [layers],
    [
      "a third party's span goes to the layer of the span above it",
      "const owner = isLayer(under) ? under : fallback()",
      "const owner = fallback()"
    ],
    [
      "the global parts stay as long as there is a layer",
      "if (live.length > 0 || installed === undefined) return",
      "if (installed === undefined) return"
    ]
  ),
  inFile(
    "src/tracing/GlobalApi.ts",
    [halfWay],
    [
      "the last layer takes the global parts with it",
      "if (installed.contextManager) Otel.context.disable()",
      ""
    ]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    [lives],
    [
      "a queue's timer is called off, so that none is left at the end",
      "this.#timer?.()\n    this.#timer = undefined",
      "this.#timer = undefined"
    ],
    [
      "what is in the books as sent has arrived",
      "const onResent = (spans: number): void => {",
      "if (this.#closed && Math.random() < 0.49) return this.#finish(entries, { exported: entries.length, dropped: Accounting.noneDropped(), left: [], fault: undefined, problem: undefined, unwell: false, retryAfter: 0 })\n    const onResent = (spans: number): void => {"
    ],
    [
      "a layer's end gives the last spans time",
      "if (flush.left === 0) {",
      "if (flush.left === 0 || this.#closed) {"
    ]
  ),
  inFile(
    "src/tracing/HttpPost.ts",
    [lives, halfWay],
    [
      "connections that are kept end with the layer",
      "close: Effect.sync(() => agent.destroy())",
      "close: Effect.void"
    ]
  ),
  inFile(
    "src/tracing/HttpPost.ts",
    [lives],
    [
      "the deadline of a request ends with its answer",
      "over = true\n        cancelDeadline()\n        resume(result)",
      "over = true\n        resume(result)"
    ]
  ),
  inFile(
    "src/tracing/JaegerSink.ts",
    [lives, halfWay],
    [
      "the socket for UDP is closed with the layer",
      "socket?.close()\n",
      "\n"
    ]
  ),
  inFile(
    "src/errors/EventAttempt.ts",
    [lives],
    ["the deadline of an event ends with its answer", "this.#cancel?.()", ""]
  ),
  inFile(
    "src/metrics/RuntimeMetrics.ts",
    [lives],
    ["what watches Node is stopped with the last layer", "if (users === 0) stop()", ""]
  ),
  inFile(
    "src/errors/UncaughtErrors.ts",
    [layers],
    [
      "a layer takes its listener from the process",
      "process.off(\"uncaughtException\", listener)",
      "listener"
    ]
  ),
  inFile(
    "src/errors/SentryEvent.ts",
    [hostSentry],
    [
      "tags that a program gives to Sentry itself are not ours",
      "tags: pick(prepared.tags, namesOf(made.tags))",
      "tags: prepared.tags ?? {}"
    ],
    [
      "the user that a program tells Sentry itself is not ours",
      "...(made.user === undefined ? {} : { user: pick(prepared.user, namesOf(made.user)) })",
      "user: prepared.user ?? {}"
    ]
  ),
  inFile(
    "src/errors/SentrySink.ts",
    [hostSentry],
    [
      "a processor of the program does not keep our events back",
      "prepared ?? SentryEvent.withTrace(given, scope.getPropagationContext())",
      "prepared as Event"
    ],
    ["attachments of the program do not come along", "hint.attachments = []", ""]
  ),
  inFile(
    "src/errors/ErrorTrackingLive.ts",
    [layers],
    [
      "a layer does not report what runs in one inside it",
      "[...reporters].filter((reporter) => !ErrorReporter.isOfLayer(reporter))",
      "[...reporters]"
    ]
  ),
  inFile(
    "src/errors/Breadcrumbs.ts",
    [layers],
    [
      "of two layers, one inside the other, the inner one leaves the breadcrumbs",
      "outer !== undefined && beside.has(outer) ? beside.get(outer) : outer",
      "outer"
    ]
  )
].flat()
