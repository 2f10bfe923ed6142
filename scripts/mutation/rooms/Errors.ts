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
    "src/errors/EventLimiter.ts",
    ["test/errors/EventPipeline.test.ts"],
    ["events of a kind are limited", "if (same >= rates.perFingerprint) return false", ""],
    ["all events together are limited", "if (passed.length >= rates.perMinute) return false", ""],
    ["a minute passes", "passed.filter(({ at }) => now - at < minute)", "passed.filter(() => false)"]
  ),
  inFile(
    "src/errors/ArrivalLines.ts",
    ["test/errors/ArrivalLines.test.ts"],
    ["a failure is said once", "why === undefined || isFailing", "why === undefined"],
    ["one that is too large says nothing of the others", "why === undefined || ", ""],
    ["that they arrive again is said", "if (isFailing) log", "if (isHeldBack) log"],
    ["that nothing is sent is said once it is so", "state !== \"open\" || ", "state === \"open\" || "]
  ),
  inFile(
    "src/errors/EventPipeline.ts",
    ["test/errors/EventPipeline.test.ts"],
    ["what waits is limited", "if (!isLast && queue.isFull) return lost(\"queue_full\")", ""],
    [
      "an event that can't be scrubbed stays here",
      "const event = options.scrub(held.event)",
      "let event = held.event; try { event = options.scrub(event) } catch { /* sent all the same */ }"
    ]
  ),
  inFile(
    "src/errors/EventSender.ts",
    ["test/errors/EventPipeline.test.ts"],
    ["what is on its way at the end is counted", "queue.drop(held, mayHaveLeft ? \"timeout\" : \"shutdown\")", ""]
  ),
  inFile(
    "src/errors/EventQueue.ts",
    ["test/errors/PipelineModel.test.ts"],
    ["the bytes that are held are limited", "if (this.#bytes > this.#bounds.queueBytes)", "if (false)"],
    ["one event is limited in size", "if (size > this.#bounds.eventBytes)", "if (false)"],
    ["bytes that are gone are forgotten", "this.#sent++\n    this.#bytes -= held.size", "this.#sent++"]
  ),
  inFile(
    "src/errors/EventQueue.ts",
    ["test/errors/EventQueue.test.ts"],
    [
      "an event that is gone does not arrive",
      "if (!this.#underWay.delete(held)) return",
      "this.#underWay.delete(held)"
    ],
    [
      "an event that is gone is not sent again",
      "if (!remove(this.#waiting, held)) return",
      "remove(this.#waiting, held)"
    ],
    [
      "what is given up while it is on its way is held no more",
      " || this.#underWay.delete(held)) {",
      " || this.#underWay.has(held)) {"
    ]
  ),
  inFile(
    "src/errors/EventSender.ts",
    ["test/errors/PipelineModel.test.ts"],
    ["attempts are limited", "held.attempts < maxAttempts && ", ""],
    ["a flush does not wait for the backoff", "? \"flush\"", "? \"routine\""],
    ["the end does not wait for the circuit", "? \"last\"", "? \"flush\""],
    ["a flush in vain is remembered", "attempt.hung = queue.sent === sent", "attempt.hung = false"]
  ),
  inFile(
    "src/errors/Flushes.ts",
    ["test/errors/PipelineModel.test.ts"],
    ["a flush tries an event once", " && held.flush < flush.number", ""]
  ),
  inFile(
    "src/errors/EventAttempt.ts",
    ["test/errors/PipelineModel.test.ts"],
    ["whatever hangs is given up one by one", "onChange(EventSink.dropped(\"timeout\"))", ""]
  ),
  inFile(
    "src/errors/Pace.ts",
    ["test/errors/PipelineModel.test.ts"],
    ["a failure that is known already is not learnt again", "if (attempt !== this.#failures) return", ""]
  ),
  inFile(
    "src/errors/EventAttempt.ts",
    ["test/errors/Delivery.test.ts"],
    ["a sink that breaks its promise to answer is given up", "onChange(EventSink.dropped(\"timeout\"))", ""]
  ),
  inFile(
    "src/errors/EventQueue.ts",
    ["test/errors/Delivery.test.ts"],
    [
      "an event that is refused goes behind the others",
      "if (this.#underWay.delete(held)) this.#waiting.push(held)",
      "if (this.#underWay.delete(held)) this.#waiting.unshift(held)"
    ],
    [
      "what ends the program goes first",
      "held.isLast) this.#waiting.unshift(held)",
      "held.isLast) this.#waiting.push(held)"
    ]
  ),
  inFile(
    "src/errors/EventSender.ts",
    ["test/errors/Delivery.test.ts"],
    ["while nothing arrives one is tried at a time", "pace.failing ? 1 : concurrency", "concurrency"],
    [
      "what is on its way at a flush gets no second attempt",
      "for (const held of queue.underWay) this.#flushes.tried(held)",
      ""
    ],
    ["what ends the program finds a free place", "#ending ? concurrency + 1 :", "#ending ? concurrency :"],
    [
      "an end takes nothing for sent that has not left",
      "mayHaveLeft ? \"timeout\" : \"shutdown\"",
      "\"timeout\""
    ]
  ),
  inFile(
    "src/errors/EventPipeline.ts",
    ["test/errors/Delivery.test.ts"],
    [
      "a sink that hangs is closed no longer than a second",
      "const cancel = timers.after(closeMillis, done, true)",
      "const cancel = () => {}"
    ],
    [
      "what ends the program passes the limits",
      "if (!isLast && !isWithinRates(fingerprint))",
      "if (!isWithinRates(fingerprint))"
    ],
    ["the end is one", "ended ??= Effect.runPromise(close)", "Effect.runPromise(close)"],
    [
      "the end does without its attempts only while what a flush waited for in vain is on its way",
      "sender.hangs ?",
      "pace.failing ?"
    ]
  ),
  inFile(
    "src/errors/EventSender.ts",
    ["test/errors/EventPipeline.test.ts"],
    [
      "what has arrived since a flush in vain is worth another wait",
      "for (const other of this.#attempts) other.hung = false",
      ""
    ],
    [
      "the end does not wait a second time for what a flush has waited for in vain",
      "for (const attempt of this.#onTheirWay()) attempt.hung = queue.sent === sent",
      ""
    ]
  ),
  inFile(
    "src/errors/EventPipeline.ts",
    ["test/errors/ShortProgram.test.ts"],
    [
      "the end takes five seconds",
      "flushTimeout: Duration.Duration = Duration.seconds(5)",
      "flushTimeout: Duration.Duration = Duration.seconds(7)"
    ]
  ),
  inFile(
    "src/errors/EventPipeline.ts",
    ["test/errors/Storm.test.ts"],
    [
      "a failing fiber does not scrub, nor send",
      "run(Effect.andThen(Effect.yieldNow, prepareAll))",
      "Effect.runSync(Effect.sleep(1))"
    ]
  ),
  inFile(
    "src/errors/Pace.ts",
    ["test/errors/Delivery.test.ts"],
    ["the end goes once against the tracker's wish", "this.#lastTrial = \"due\"\n    this.#pace.resume()", ""],
    ["the end asks one event's leave for all", "return this.#lastTrial === \"under way\"", "return false"],
    [
      "the end waits for a tracker that wants little time",
      " || this.#pace.pausedUntil < until",
      ""
    ],
    ["the end asks once", "this.#lastTrial !== \"none\" || ", ""],
    ["what fails together has failed once", "if (attempt !== this.#failures) return", ""],
    ["a tracker gets the time that it asks for", "this.#pace.pause(now + ", "void (now + "],
    [
      "it does not get more than five minutes",
      "Math.min(Duration.toMillis(result.pause), RetryAfter.maxWait)",
      "Duration.toMillis(result.pause)"
    ],
    ["lost answers open the circuit", "(result._tag === \"Dropped\" && silent.has(result.reason))", "false"]
  ),
  inFile(
    "src/errors/SentryAnswer.ts",
    ["test/errors/SentryAnswer.test.ts"],
    [
      "a lost answer is not sent again",
      "hasLeft ? EventSink.dropped(\"timeout\")",
      "hasLeft ? EventSink.retryable(\"timeout\")"
    ],
    [
      "limits of other data do not limit errors",
      "if (categories !== \"\" && !categories.split(\";\").includes(\"error\")) continue",
      ""
    ],
    ["a 429 without a time means a minute", "rateLimits === undefined ? defaultPause : undefined", "undefined"]
  ),
  inFile(
    "src/errors/UncaughtErrors.ts",
    ["test/errors/UncaughtErrors.test.ts"],
    ["a crash does not wait for a circuit that is open", "crashTimeout, \"last\"", "crashTimeout, \"flush\""],
    ["a crash is reported whatever else has failed", "!others && !ending", "false"]
  ),
  inFile(
    "src/errors/EventBuilder.ts",
    ["test/errors/ErrorReporter.test.ts"],
    [
      "events of one type and operation are one issue",
      "Exceptions.typeOf(error), operation] as const",
      "String(error), operation] as const"
    ],
    ["a span that was not traced has no trace", " && realTraceId.test(traceId)", ""]
  ),
  inFile(
    "src/errors/EventScrubber.ts",
    ["test/errors/ErrorReporter.test.ts"],
    ["messages of exceptions are scrubbed", "value: text(exception.value)", "value: exception.value"],
    ["a user's id is a pseudonym", "id: scrubber.pseudonym(user.id)", "id: user.id"],
    ["an e-mail address stays unless asked for", "...(sendEmail && user", "...(user"],
    ["data of breadcrumbs is scrubbed", "recordOf(scrubber.value(data))", "recordOf(data)"]
  ),
  inFile(
    "src/errors/EventScrubber.ts",
    ["test/errors/EventScrubber.test.ts"],
    [
      "a stack is scrubbed",
      "const stack = remembering((value) => text(value)",
      "const stack = remembering((value) => value"
    ],
    [
      "names are scrubbed",
      "const name = remembering((value) => text(value)",
      "const name = remembering((value) => value"
    ],
    ["extra data is scrubbed", "extra: recordOf(scrubber.value(event.extra))", "extra: event.extra"],
    ["a stack that is known is not searched again", "stack(exception.stack)", "text(exception.stack)"]
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
    "src/errors/FailingSpans.ts",
    ["test/errors/FailingSpans.test.ts"],
    ["with errors tracked, observations keep the fast path", "tracer instanceof DirectTracer", "false"],
    ["with errors tracked, what is left out makes no spans", "return this.#tracer.leavesOut(parent)", "return false"],
    ["with errors tracked, a tracer keeps its hook", "this.context = tracer.context", "this.context = undefined"],
    ["a span of our own tracer is noted too", "span.onFailure = this.#note", ""]
  ),
  inFile(
    "src/errors/SentrySink.ts",
    ["test/errors/SentrySink.test.ts"],
    ["no integration is set up", "integrations: [],", ""],
    [
      "an event is not held back by the SDK for the answer to another",
      "await inner.send(envelope)",
      "await others.send(envelope)"
    ],
    [
      "what the SDK fails at is counted",
      "answer.catch((error: unknown) => {\n        options.guard.count(\"sink\", error)",
      "answer.catch(() => {"
    ],
    ["what was not sent is not taken for sent", "connected?.mayHaveLeft(event) ?? false", "true"],
    ["what was sent is known to be", "      sending.hasLeft = hasLeft\n", ""],
    ["an SDK that was not loaded is loaded again", "if (connecting === current) connecting = undefined", ""]
  ),
  inFile(
    "src/errors/SentrySink.ts",
    ["test/errors/LastLook.test.ts"],
    [
      "a program's processor has its texts scrubbed",
      "sentry.getGlobalScope().getScopeData().eventProcessors.length > 0",
      "false"
    ],
    ["an integration has its texts scrubbed", "this.getIntegrationNames().length > 0 || ", ""],
    ["what the SDK adds is scrubbed", ": SentryEvent.mapAdded(event, made, options.scrubText)", ": event"]
  ),
  inFile(
    "src/errors/SentryEvent.ts",
    ["test/errors/LastLook.test.ts"],
    ["data is as deep as the SDK shows it", "copy[name] = shown(value, depth - 1)", "copy[name] = value"],
    ["no name in data sets a prototype", "unknown> = { ...record }", "unknown> = Object.assign({}, record)"],
    ["what is added has an end", "if (depth > deepest) return \"[Object]\"", ""],
    ["each event has its own frames", "read(stack).map((frame) => ({ ...frame }))", "read(stack)"]
  ),
  inFile(
    "src/errors/SentryRequest.ts",
    ["test/errors/SentrySink.test.ts"],
    [
      "an event that may have arrived is told from one that has not",
      "started.once(\"finish\", () => hasLeft = true)",
      "started.once(\"socket\", () => hasLeft = true)"
    ],
    ["a time that Sentry names is read by its clock", "Date.parse(date ?? \"\") || Date.now()", "Date.now()"],
    [
      "a tracker that does not answer is given up",
      "const timer = setTimeout(() => started.destroy(new DeadlineExceeded()), timeoutMillis)",
      "const timer = setTimeout(() => undefined, timeoutMillis)"
    ],
    [
      "what is given up lets go of its connection",
      "for (const signal of signals) signal.addEventListener(\"abort\", giveUp, { once: true })",
      ""
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
