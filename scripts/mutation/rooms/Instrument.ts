// Instrumentation of Effect's own modules, and what tests use.
import { inFile } from "../inFile.ts"

export const mutations = [
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
    ["a request id from outside is checked", "acceptedRequestId.test(given)", "true"],
    ["a key is no request id", "scrubber.text(given) === given", "true"],
    ["an answer of 500 is an error", "code >= 500", "code > 500"]
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
    "src/instrument/SqlLive.ts",
    ["test/instrument/Sql.test.ts"],
    ["the text of a statement is its shape", "GuardedSpan.attribute(guard, span, \"db.query.text\", shape)", ""],
    ["a statement that fails is counted as such", "if (failure && !recorded.errors", "if (false && !recorded.errors"],
    ["a transaction that fails ends in a rollback", "exit._tag === \"Success\" ? \"commit\"", "true ? \"commit\""],
    [
      "the breadcrumb of a statement that fails says how",
      "failure ? Observation.statusOfCause(exit.cause) : \"interrupted\"",
      "\"interrupted\""
    ]
  ),
  inFile(
    "src/instrument/SqlLive.ts",
    ["test/instrument/SqlConnections.test.ts"],
    [
      "a statement in a transaction takes no second connection",
      "if (!database.inTransaction(fiber)) release",
      "if (true) release"
    ],
    [
      "a transaction in a transaction takes no second connection",
      "if (database.inTransaction(fiber)) return",
      "if (false) return"
    ],
    ["what waits for a commit is no part of it", "Effect.andThen(noting, effect)", "effect"],
    [
      "a commit takes no longer than it does",
      "(committedAt ?? clock.monotonicTimeNanosUnsafe())",
      "clock.monotonicTimeNanosUnsafe()"
    ],
    [
      "a transaction holds its connection to its end",
      "if (ending === undefined) return\n        committedAt",
      "committedAt"
    ]
  ),
  inFile(
    "src/instrument/SqlCells.ts",
    ["test/instrument/SqlCells.test.ts"],
    ["a statement's cells are remembered", "known.set(classified, { metrics, cells })", ""],
    ["a statement is counted in its own metrics", "before?.metrics === metrics", "before !== undefined"],
    [
      "a cell is bound when it is asked for",
      "this.#labels = { operation, table }",
      "this.#labels = { operation, table }\n    this.#errors = metrics.counter(options.errors, this.#labels)\n    this.#errors.increment(0)"
    ]
  ),
  inFile(
    "src/instrument/SqlConnections.ts",
    ["test/instrument/Sql.test.ts"],
    ["connections are given back", "this.#change(-1)", ""]
  ),
  inFile(
    "src/instrument/SqlConnections.ts",
    ["test/instrument/SqlConnections.test.ts"],
    ["a connection that is given back twice counts once", "if (!held) return", ""],
    ["no more connections are shown than there are", "Math.min(this.#max, this.#holders)", "this.#holders"]
  ),
  inFile(
    "src/instrument/Redis.ts",
    ["test/instrument/Redis.test.ts"],
    ["Redis counts nothing that is counted around it", "automatic: true", "automatic: false"],
    ["what is no command is no label", "command.toUpperCase() : \"_OTHER\"", "command.toUpperCase() : command"],
    ["what a command is bound to is remembered", "if (known !== undefined) return known", ""],
    ["what is remembered of commands has an end", "remembered.size < maxRemembered", "true"]
  ),
  inFile(
    "src/instrument/HttpSecrets.ts",
    ["test/instrument/HttpSecrets.test.ts"],
    ["causes are followed", "const maxDepth = 5", "const maxDepth = 4"],
    ["causes are followed no deeper than they are told to be", "|| depth > maxDepth", ""],
    [
      "what is no error stays as it is",
      "!(error instanceof Error)",
      "!(typeof error === \"object\" && error !== null)"
    ],
    ["an aggregate's errors are cleaned", "key === \"errors\" && Array.isArray(value)", "false"],
    ["a cause that is a text is cleaned", "cleanErrors(reason.error.reason, secrets, 0)", ""],
    ["the kind of an error stays", "if (kindKeys.has(key)) continue", ""],
    [
      "only keys are taken out",
      "typeof value === \"string\" ? [] : [Redacted.value(value)]",
      "[typeof value === \"string\" ? value : Redacted.value(value)]"
    ],
    ["what is short is no key", "secret.length >= minSecretLength", "true"],
    ["the password of a URL is taken out", "password === undefined ?", "true ?"],
    ["a key is taken out as it stands in a URL", "encodeURIComponent(secret), ", ""]
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
  ),
  inFile(
    "src/testing/TestTracer.ts",
    ["test/testing/TestTracing.test.ts"],
    ["an unsampled trace is not kept", "if (!sampled) {", "if (false) {"]
  ),
  inFile(
    "src/testing/TestTracer.ts",
    ["test/contract/Tracing.test.ts"],
    ["a test's URLs are judged by their route too", "attributes.get(\"http.route\")", "undefined"]
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
].flat()
