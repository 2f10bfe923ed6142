// The rooms of errors and of logging.
import { inFile } from "../inFile.ts"

export const mutations = [
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
  ),
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
].flat()
