// The configuration, the core, the layer, and the vocabulary of DawsOS.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/config/Parser.ts",
    ["test/ObservabilityConfig.test.ts"],
    ["a switch is read in any case", "const lower = text.toLowerCase()", "const lower = text"],
    [
      "a number in another notation than decimal digits is refused",
      "if (!/^\\d+$/.test(text)) return",
      "if (Number.isNaN(Number(text))) return"
    ],
    ["control characters are refused", "c >= 0x7f && c < 0xa0", "c === 0x7f"],
    ["half a character is refused", "|| !value.isWellFormed()", ""]
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
    ["every bad value is reported at once", "Result.fail([first, ...rest])", "Result.fail([first])"],
    [
      "the environment beats what the product calls itself",
      "    name: Option.firstSomeOf([\n",
      "    name: Option.firstSomeOf([\n      ofProduct(Variables.SERVICE_NAME, product?.name),\n"
    ],
    ["a service without a name is warned of", "if (enabled && service.name === unknownService)", "if (false)"],
    ["a version that nobody told is none", "Option.getOrUndefined)", "Option.getOrElse(() => \"0.7.0\"))"]
  ),
  inFile(
    "src/config/Unsupported.ts",
    ["test/ObservabilityConfig.test.ts"],
    [
      "a variable that changes nothing is warned of",
      "if (first === undefined || ",
      "if (true || first === undefined || "
    ],
    ["what is done anyway is no reason to warn", "|| isDone(first.value.toLowerCase(), tracing)", ""],
    ["the name for traces beats the general one", "const [first] = names", "const [first] = names.toReversed()"],
    ["a value is shown without credentials", "Problem.show(first.value)", "JSON.stringify(first.value)"]
  ),
  inFile(
    "src/config/Variable.ts",
    ["test/ObservabilityConfig.test.ts"],
    [
      "a default in code is held to what the variable allows",
      "Result.getOrThrowWith(parse(text),",
      "Result.getOrElse(parse(text),"
    ]
  ),
  inFile(
    "src/errors/ErrorTrackingLive.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["without a version there is no release", "service.version === undefined ? undefined : ", ""]
  ),
  inFile(
    "src/config/Read.ts",
    ["test/config/Read.test.ts"],
    [
      "a text beside a list or a record is a text",
      "node?.value)",
      "node?._tag === \"Value\" ? node.value : undefined)"
    ],
    [
      "a source that fails is told",
      "(error) => new Config.ConfigError(error)",
      "() => new Config.ConfigError(names as never)"
    ],
    [
      "variables are read to warn of them",
      "[...Object.keys(Variables), ...Unsupported.names]",
      "Object.keys(Variables)"
    ],
    ["what the product calls itself is read too", "fromTexts(texts, product)", "fromTexts(texts, undefined)"]
  ),
  inFile(
    "src/observation/Place.ts",
    ["test/Observation.test.ts"],
    [
      "automatic instrumentation leaves the count to the observation around it",
      "if (recorded?.[index] === true) continue",
      ""
    ]
  ),
  inFile(
    "src/observation/Place.ts",
    ["test/observation/DirectOperation.test.ts"],
    ["an attribute without a key is none", "|| key === \"\" ||", "||"],
    ["attributes are text, numbers and switches, or are made so", "!isPlain(value) ||", ""],
    ["a span that shares its attributes with none has them as it can carry them", "|| !isPlain(attributes[key])", ""],
    ["an operation may have said how it ends", "key === last || ", ""]
  ),
  inFile(
    "src/observation/Ending.ts",
    ["test/Observation.test.ts"],
    ["a degraded value counts as such", "Status.statusOf(exit, options?.degraded)", "Status.statusOf(exit)"],
    [
      "the boundary knows where a failure began",
      "Announcement.noteFailure(fiber, exit.cause, operation, span)",
      "void operation"
    ]
  ),
  inFile(
    "src/observation/GuardedOperation.ts",
    ["test/Observation.test.ts"],
    ["a duration is told in seconds", "status, nanos / 1e9", "status, nanos / 1e6"],
    ["the span says how the operation ended", "attribute(guard, span, kind.statusAttribute, status)", "attribute"],
    ["what outlives an operation is no part of it", "frame.running--", ""]
  ),
  inFile(
    "src/observation/SpanlessOperation.ts",
    ["test/observation/SpanlessOperation.test.ts"],
    ["another context says something else", "known.outer === outer && ", ""],
    ["a description that threw is asked again", "if (!place.isDescribed) return inner", ""],
    ["whoever asks is told by a frame that is its run's own", "isAsked = place.isAsked", "isAsked = false"],
    ["an operation is what it is, whatever ran before it", "last.place === place", "true"],
    ["a duration is told in seconds", "seconds = durationMillis / 1e3", "seconds = durationMillis"],
    ["the context is what it was", "fiber.setContext(outer)", ""],
    ["a run is of one effect at a time", "  place.run = undefined\n", ""],
    ["an end without a beginning is no operation", "if (this.#isBegun) ", ""],
    ["a run that ended before it began leaves the next one nothing", "    this.#isBegun = false\n", ""],
    ["what outlives an operation is no part of it", "frame.running--", ""],
    [
      "nothing is begun before its end is waited for",
      "    this.#inner = inner\n",
      "    this.#inner = inner\n    inner.frame.running++\n"
    ]
  ),
  inFile(
    "src/Observation.ts",
    ["test/observation/SpanlessOperation.test.ts"],
    [
      "whether nobody observes is asked of each context",
      "boolean => context === unobserved",
      "boolean => unobserved !== undefined"
    ],
    ["a class may be an effect", "typeof value === \"function\") &&", "false) &&"]
  ),
  inFile(
    "src/observation/DirectOperation.ts",
    ["test/Observation.test.ts"],
    ["a duration is told in seconds", "status, millis / 1e3", "status, millis"],
    ["what outlives an operation is no part of it", "frame.running--", ""],
    ["links of the fiber are on the span", "if (links.length > 0) span.addLinks(links)", ""],
    ["only sampled spans are exemplars", "span?.sampled === true ? span", "span !== undefined ? span"]
  ),
  inFile(
    "src/observation/DirectOperation.ts",
    ["test/observation/DirectOperation.test.ts"],
    ["the context is what it was", "fiber.setContext(context)\n    const now", "const now"],
    ["who wrapped the end of a span hears of it", "&& span.end === this.#spanEnd", ""],
    ["a span begins when its operation does", "if (isLive) liveTime.tell(this.#startMillis)", ""],
    ["a span ends when its operation does", "if (clock === undefined && span !== undefined) liveTime.tell(now)", ""],
    ["below a span that is left out no span is made", "tracer.leavesOut(parent)", "false"],
    ["whoever asks for the span it is in is given no caller", "standIn === undefined ? named", "true ? named"],
    ["what is left out with a caller has one span", "if (settings.standIn === undefined) {", "{"],
    [
      "without a span the one around it stays",
      "addUnsafe(settings.context, References.CurrentStackFrame",
      "addUnsafe(settings.bare, References.CurrentStackFrame"
    ],
    [
      "annotations do not replace what the operation says",
      "annotations === undefined ? this.#place.fixed",
      "true ? this.#place.fixed"
    ],
    [
      "annotations reach a place that is used once",
      "annotations === undefined ? this.#place.own",
      "true ? this.#place.own"
    ],
    [
      "nothing is opened before its end is waited for",
      "  const run = new Run(place, fiber, tracer)\n",
      "  const run = new Run(place, fiber, tracer)\n  run.begin()\n"
    ]
  ),
  inFile(
    "src/observation/ContextSettings.ts",
    ["test/observation/DirectOperation.test.ts"],
    [
      "another context says something else",
      "known !== undefined && known.context === context",
      "known !== undefined"
    ],
    [
      "what was put in between says something else",
      "return isSame ? around : undefined",
      "return around"
    ],
    ["each operation records what it is, whatever ran before it", "&& this.#place === place", ""]
  ),
  inFile(
    "src/observation/Parents.ts",
    ["test/Observation.test.ts"],
    ["a span that disables propagation is no parent", "annotations !== none && ", "false && "]
  ),
  inFile(
    "src/observation/SpanTime.ts",
    ["test/observation/SpanTime.test.ts"],
    ["the wall clock is followed", "if (isFirst || Math.abs(ahead) > tolerated)", "if (isFirst)"],
    ["nanoseconds are exact", "(words[high]! & 0xffff) * nanosOf32", "(words[high]! & 0x7fff) * nanosOf32"],
    [
      "a second has a thousand million nanoseconds",
      "while (nanos >= nanosPerSecond) {",
      "while (nanos > nanosPerSecond) {"
    ]
  ),
  inFile(
    "src/observation/Status.ts",
    ["test/Observation.test.ts"],
    ["a defect is told from an error", "if (reason._tag === \"Die\") return \"defect\"", ""]
  ),
  inFile(
    "src/observation/GuardedSpan.ts",
    ["test/Observation.test.ts"],
    ["only a foreign tracer's sampled spans are exemplars", "if (!span.sampled) return undefined", ""],
    ["a span is a child of the one around it", "parent: Option.fromUndefinedOr(parent)", "parent: Option.none()"]
  ),
  inFile(
    "src/observation/GuardedSpan.ts",
    ["test/observation/GuardedSpan.test.ts"],
    ["a program without a tracer has no faults", "tracer === undefined || ", ""],
    ["a program without tracing has no spans", "|| !tracerEnabled", ""],
    ["a span is asked for as no root", "root: false", "root: true"],
    ["the end of a span is heard once", "if (!ended) {", "{"]
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
    ["faults are counted", "(counts.get(hook) ?? 0) + 1", "1"],
    ["the first fault of a hook is told, and no other", "if (count === 1) onFirst", "onFirst"]
  ),
  inFile(
    "src/FaultLines.ts",
    ["test/FaultLines.test.ts"],
    ["what was thrown before somebody listened is said", "for (const line of early.splice(0)) log(line)", ""],
    ["a log that throws is counted", "guard.count(\"logger\", cause)", "cause"]
  ),
  inFile(
    "src/testing/ExpectationError.ts",
    ["test/testing/TestMetrics.test.ts"],
    ["an expectation tells of faults", "result.problem + also", "result.problem"]
  ),
  inFile(
    "src/Boundary.ts",
    ["test/Boundary.test.ts"],
    ["old breadcrumbs give way", "if (this.#breadcrumbs.length < maxBreadcrumbs) {", "if (true) {"],
    ["breadcrumbs are told in their order", "...this.#breadcrumbs.slice(this.#oldest), ", ""],
    ["what was known where a failure began stays", "...known,", "...known, ...outer,"],
    ["a request beats the job that serves it", "return byRequestSource.get(source) ?? current", "return current"]
  ),
  inFile(
    "src/Catalogue.ts",
    ["test/Catalogue.test.ts"],
    ["buckets ascend", "previous >= bound", "previous > bound"],
    ["label sets of a function are made once", "return checked ??= checkedKnown(", "return checked = checkedKnown("],
    [
      "label sets of a function are checked",
      "checkedKnown(definition.name, definition.labels, known())",
      "known()"
    ],
    [
      "label sets of a function are not made before",
      "let checked: Known<L> | undefined",
      "let checked: Known<L> | undefined = known()"
    ],
    ["two metrics of one name are refused", "if (owner !== undefined) refuse", "if (false) refuse"],
    ["a counter claims its name without the suffix", "...(definition.kind === \"counter\" ? [", "...(false ? ["]
  ),
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
      "spans and events are flushed at the same time",
      "yield* Effect.scope, \"parallel\"",
      "yield* Effect.scope, \"sequential\""
    ]
  ),
  inFile(
    "src/FailureReport.ts",
    ["test/FailureReport.test.ts"],
    ["what a program fails with is scrubbed", "scrubber.text(shown(cause))", "shown(cause)"],
    [
      "runMain does not print it again",
      "override readonly [Runtime.errorReported] = false",
      "override readonly [Runtime.errorReported] = true"
    ],
    ["the exit code stays", "Runtime.getErrorExitCode(error) })", "1 })"]
  ),
  inFile(
    "src/StartFailure.ts",
    ["test/FailureReport.test.ts"],
    [
      "a secret in the wrong variable is not printed",
      "scrubber.text([...new Set(explained)]",
      "String([...new Set(explained)]"
    ]
  ),
  inFile(
    "src/SelfObservation.ts",
    ["test/testing/DawsOs.test.ts"],
    ["the books of spans are shown", "tracing.accounting().ended", "0"],
    ["the books of events are shown", "errors.accounting().captured", "0"]
  ),
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
].flat()
