// The tracing room.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    [
      "what waits at the end is counted",
      "this.#letHeldWait()\n    this.drop(\"shutdown\", this.#buffer.clear())",
      "this.#letHeldWait()\n    this.#buffer.clear()"
    ],
    [
      "an export that hangs is given up",
      "() => running.giveUp(\"unreachable\", `no answer",
      "() => String(`no answer"
    ],
    [
      "one export runs at a time",
      "#pump(): void {\n    if (this.#running !== undefined || ",
      "#pump(): void {\n    if ("
    ],
    [
      "a sink's answer that can't be read harms nobody",
      "finish(this.#env.guard.run(\n        \"sink\",\n        () => Attempt.read(entries, exit),\n        () => Attempt.broken(entries, undefined)\n      ))",
      "finish(Attempt.read(entries, exit))"
    ],
    [
      "who is told of an export and throws harms nobody",
      "this.#env.guard.run(\"logger\", () => this.#env.onExport(this.sink, outcome.problem), () => {})",
      "this.#env.onExport(this.sink, outcome.problem)"
    ],
    [
      "who is told of a circuit and throws harms nobody",
      "this.#env.guard.run(\"logger\", () => this.#env.onCircuit(this.sink, circuit), () => {})",
      "this.#env.onCircuit(this.sink, circuit)"
    ],
    ["spans in flight are in the books", "this.#inFlight = entries.length", ""],
    ["a sink takes its share only", "if (!selected) {", "if (false) {"]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/Retries.test.ts"],
    ["a span is given up after five attempts", "SpanBuffer.attempted(entry) < this.#env.limits.retry.attempts", "true"],
    ["a shutdown does not wait for the receiver to be well", "if (this.#closed) return 0", ""],
    ["a shutdown sends nothing twice", "retryable && !this.#closed && ", "retryable && "],
    ["a flush does not wait for the backoff", "? \"flush\" : \"routine\"", "? \"routine\" : \"routine\""],
    ["a flush tries each span once", "this.#held.push(...again)", "this.#buffer.putBack(again)"],
    [
      "a shutdown does not send span by span where each is refused",
      "this.#closed && this.#receiver.refusesEach",
      "false"
    ],
    ["what can't have left is sent again", "lost ? \"timeout\" : reason", "\"timeout\""],
    ["what may have left is not sent again", "lost ? \"timeout\" : reason", "reason"],
    ["a sink that can't tell what has left may have sent it", "?? true, () => true)", "?? true, () => false)"],
    ["a span larger than a request is dropped alone", "return \"too_large\"", "void 0"],
    [
      "a queue is bounded by bytes",
      "this.#buffer.hasRoom(room, isFailed) ? undefined : \"queue_full\"",
      "undefined"
    ],
    ["a queue is emptied before it is full", " || waitingRoom >= maxQueueBytes / 2", ""],
    ["who had to make room is counted", "this.drop(\"queue_full\", displaced.length)", ""]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/Model.test.ts"],
    [
      "the size of what waits is given back",
      "this.#buffer.release(entries.filter((entry) => !waiting.has(entry)))",
      ""
    ],
    [
      "spans that wait for the end of a flush come back",
      "#letGo(): void {\n    if (!this.#flushes.any) this.#letHeldWait()",
      "#letGo(): void {"
    ],
    [
      "who is told of a circuit sees true books",
      "    const tried = outcome.left",
      "    this.#tellCircuit()\n    const tried = outcome.left"
    ],
    [
      "who is told of an export sees true books",
      "    this.#receiver.learn(outcome, this.#env.timers.now())",
      "    this.#env.guard.run(\"logger\", () => this.#env.onExport(this.sink, outcome.problem), () => {})\n    this.#receiver.learn(outcome, this.#env.timers.now())"
    ]
  ),
  inFile(
    "src/tracing/Receiver.ts",
    ["test/tracing/Retries.test.ts"],
    ["a circuit's trial is small", "this.circuit.state === \"half_open\" ? ", "false ? "],
    ["a request that is too large is halved", "...tooLarge.map(SpanBuffer.halfRequest)", ""],
    [
      "requests grow again for a receiver that takes them",
      "Math.min(this.#limits.maxRequestBytes, this.#requestBytes * requestGrowth)",
      "this.#requestBytes"
    ],
    ["a receiver that refuses each span alone is left alone", "if (unwell || refusesOne ||", "if (unwell ||"],
    ["a receiver's wish for a pause is granted", "this.#pace.pause(now + retryAfter)", ""]
  ),
  inFile(
    "src/tracing/Receiver.ts",
    ["test/tracing/Model.test.ts"],
    ["an answer closes the circuit", "else if (tooLarge.length === 0) this.#pace.answered()", ""]
  ),
  inFile(
    "src/delivery/Pace.ts",
    ["test/delivery/Pace.test.ts"],
    ["what failed waits before it is sent again", "Math.max(0, circuit, backoff, ", "Math.max(0, circuit, "],
    ["an open circuit lets nothing through", "Math.max(0, circuit, backoff, ", "Math.max(0, backoff, "],
    ["a shorter wish does not end a longer one", "Math.max(this.#pausedUntil, until)", "until"],
    ["a receiver that answers is waited for no longer", "this.#backoffUntil = 0\n  }", "}"]
  ),
  inFile(
    "src/tracing/SpanBuffer.ts",
    ["test/tracing/Retries.test.ts"],
    [
      "failed spans are dropped last",
      "const yielding = failed ? this.#others : undefined",
      "const yielding = undefined as Line | undefined"
    ],
    ["a request is cut by bytes", "(batch.length >= maxCount || size > maxBytes)", "(batch.length >= maxCount)"]
  ),
  inFile(
    "src/tracing/SpanBuffer.ts",
    ["test/tracing/Model.test.ts"],
    [
      "what comes back waits before all others",
      "MutableList.prependAll(to.entries, own)",
      "MutableList.appendAll(to.entries, own)"
    ],
    ["what leaves gives its room back", "this.#room -= entry.room", "this.#room -= 1"],
    ["what waits is known by its room", "from.room -= entry.room", "from.room -= 1"],
    [
      "what comes back takes its room",
      "to.bytes += entry.length\n        to.room += entry.room",
      "to.bytes += entry.length"
    ]
  ),
  inFile(
    "src/tracing/SpanStore.ts",
    ["test/tracing/SpanStore.test.ts"],
    [
      "a request finds spans where they have moved",
      "get buffer() {\n        return arena.buffer\n      },",
      "buffer: arena.buffer,"
    ],
    ["a span that waits as bytes takes more than these", "this.length + SpanSize.encodedEntry", "this.length"],
    [
      "spans wait as bytes where their sink can write them",
      "sink.encoder === undefined ?",
      "sink.encoder === undefined || true ?"
    ]
  ),
  inFile(
    "src/tracing/SpanStore.ts",
    ["test/tracing/Model.test.ts"],
    ["what leaves the queue leaves the arena", "this.#arena.release(entry)", ""],
    ["spans that waited as bytes are told from failed ones", "this.isFailed = isFailed(span)", "this.isFailed = false"]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/SpanStore.test.ts"],
    [
      "what has no room in the queue is not written",
      "this.#store.discard()\n      return this.drop(refusal)",
      "return this.drop(refusal)"
    ]
  ),
  inFile(
    "src/tracing/SpanArena.ts",
    ["test/tracing/SpanArena.test.ts"],
    ["what can't be written leaves nothing", "      this.discard()\n      throw fault", "      throw fault"],
    ["who moves is told", "range.offset += at - runStart", ""],
    ["holes are filled", "if (pays && needed <= capacity)", "if (capacity < 0 && needed <= capacity)"],
    ["an empty buffer that is large is let go", "this.capacity > largestEmpty", "false"],
    ["room that was made in vain is given back", "else if (this.capacity > 2 * this.#most)", "else if (false)"],
    [
      "what is being written does not move when others leave",
      "if (this.#writer?.length === this.#end) this.#rest()",
      "this.#rest()"
    ],
    ["what is written past the end is noticed", "      out.check()\n", ""],
    ["a long span makes room for itself", "    out.begin()\n", ""]
  ),
  inFile(
    "src/tracing/OtlpRequest.ts",
    ["test/tracing/OtlpRequest.test.ts"],
    ["holes between spans are not sent", "isFull || span.offset !== end", "isFull || span.offset < end"],
    ["a long request is made in slices", "        yield\n", ""],
    ["spans are read where they are after a slice", "      start = span.offset\n", "      start = end\n"],
    [
      "a request finds room",
      "const fits = room !== undefined && room.length >= length",
      "const fits = room !== undefined"
    ],
    [
      "a schema is told",
      "length }) => sum + length, head.length + tail.length)",
      "length }) => sum + length, head.length)"
    ]
  ),
  inFile(
    "src/tracing/Attempt.ts",
    ["test/tracing/Retries.test.ts"],
    ["a lost answer is never sent again", "retryable: retryable && reason !== \"timeout\"", "retryable"],
    ["a sink whose packets reach nobody is unwell", "(exported === 0 && lost > 0)", "false"]
  ),
  inFile(
    "src/tracing/Attempt.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    ["spans that a sink forgets are lost by its fault", "dropped.fault += rest", ""],
    [
      "a reason that nobody knows is a fault",
      "reason: Accounting.dropReasons.includes(reason) ? reason : \"fault\"",
      "reason"
    ]
  ),
  inFile(
    "src/delivery/Circuit.ts",
    ["test/delivery/Circuit.test.ts"],
    ["a circuit stays open for longer after each trial", "policy.open * 2 ** trials", "policy.open"]
  ),
  inFile(
    "src/delivery/Backoff.ts",
    ["test/delivery/Backoff.test.ts"],
    ["half of a pause is certain", "longest / 2 + longest / 2 * random", "longest * random"]
  ),
  inFile(
    "src/tracing/SpanPipeline.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    ["a flush has 5 seconds", "flushBudget = 5_000", "flushBudget = 4_000"],
    [
      "a span that can't be scrubbed stays here",
      "this.#guard.count(\"scrubber\", fault)\n      return undefined",
      "this.#guard.count(\"scrubber\", fault)\n      return span"
    ],
    ["unsampled spans stay here", "if (isSampled(span)) this.#onEnd(span)", "this.#onEnd(span)"],
    ["who looks at the books finds what has ended", "this.#endedSpans.settle()\n    return {", "return {"],
    ["a flush sends what has ended", "this.#endedSpans.settle()\n      const waits", "const waits"],
    ["what ended before the end is sent", "this.#endedSpans.settle()\n      this.#isClosed", "this.#isClosed"],
    ["a queue that throws costs one span", "queue.drop(\"fault\")\n      }", "}"],
    ["ended spans are scrubbed soon", "delay: Math.min(endedDelay, scheduledDelay)", "delay: scheduledDelay"],
    [
      "a sink that hangs does not hold up the shutdown",
      "after(shutdownReserve, () => resume",
      "after(2 * shutdownReserve, () => resume"
    ]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/tracing/SpanPipeline.test.ts"],
    ["a span is sent at its time", "this.#env.limits.scheduledDelay - waited", "this.#env.limits.scheduledDelay"]
  ),
  inFile(
    "src/tracing/Gathering.ts",
    ["test/tracing/Gathering.test.ts"],
    ["what is gathered is dealt with when there is enough", "if (this.#items.length >= most) this.settle()", ""],
    ["what is gathered is dealt with once", "this.#items = []\n    this.#timer", "this.#timer"],
    ["nothing is waited for in vain", "this.#timer?.()\n", ""],
    ["what is gathered knows how long it waited", "timers.now() - this.#since", "0"]
  ),
  inFile(
    "src/tracing/TracingLive.ts",
    ["test/tracing/Rehearsal.test.ts"],
    ["an operation is rehearsed", "Rehearsal.once, () => {}", "() => {}, () => {}"]
  ),
  inFile(
    "src/tracing/Rehearsal.ts",
    ["test/tracing/Rehearsal.test.ts"],
    ["the run of the rehearsal is kept", "    Shapes.keep(operation)\n", ""],
    ["what waits is kept of the rehearsal", "[finished, ...entries]", "[finished]"],
    ["the span is kept of the rehearsal", "[finished, ...entries]", "entries"],
    ["a span of instrumentation is kept of the rehearsal", "  Shapes.keep(heard)\n", ""],
    ["there is one rehearsal", "  isDone = true\n", ""]
  ),
  inFile(
    "src/tracing/TracingLive.ts",
    ["test/tracing/TracingLive.test.ts"],
    [
      "a receiver's words are scrubbed",
      "scrubber.text(Cut.before(problem, longestProblem))",
      "problem"
    ],
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
    "src/tracing/Sampler.ts",
    ["test/tracing/EffectTracer.test.ts"],
    [
      "a caller that is not trusted decides nothing",
      "remote: judge,\n      leavesOutBelow: isOff",
      "remote: (_trace, sampled) => sampled,\n      leavesOutBelow: isOff"
    ]
  ),
  inFile(
    "src/tracing/Sampler.ts",
    ["test/tracing/Sampler.test.ts"],
    [
      "every process keeps the same traces",
      "Math.floor(config.ratio * (2 ** 32 - 1))",
      "config.ratio * 2 ** 31"
    ],
    ["who is not trusted can't choose an id that is kept", "remote: () => judge(newTrace())", "remote: judge"]
  ),
  inFile(
    "src/tracing/Sampler.ts",
    ["test/contract/Spans.test.ts"],
    ["unsampled spans are counted", "if (result.decision === notRecorded.decision) onUnsampled()", ""]
  ),
  inFile(
    "src/tracing/Span.ts",
    ["test/contract/Spans.test.ts"],
    ["the oldest events give way", "events.shift()", "events.pop()"],
    ["links that are too many are counted", "details.droppedLinks++", ""],
    ["attributes that are too many are counted", "this.#detailed().droppedAttributes++", ""],
    [
      "what one span has is no other's",
      "this.#details === noDetails ? this.#details = new SpanDetails() : this",
      "this"
    ],
    ["an attribute that is set again has its last value", "own[index] = value", ""]
  ),
  inFile(
    "src/tracing/Span.ts",
    ["test/tracing/EffectTracer.test.ts"],
    ["a span does not end before it starts", "isBefore ? this.startSeconds : seconds", "seconds"],
    ["a server's answer decides on an interruption", "this.kind === \"server\" ?", "this.kind === \"client\" ?"]
  ),
  inFile(
    "src/tracing/Span.ts",
    ["test/tracing/ActiveSpan.test.ts"],
    ["what is OK stays so", "|| this.statusCode === SpanStatusCode.OK) return", ") return"]
  ),
  inFile(
    "src/tracing/ScrubbedSpan.ts",
    ["test/tracing/ScrubbedSpan.test.ts"],
    ["a span of the same place may have another name", "if (before?.given === span.name)", "if (before !== undefined)"],
    ["each layer has its own scrubber", "const { lists } = known", "const { lists } = knownTo(letPass)"],
    ["runs of a statement may say something else", "isSame(before.keyValues, given)) return", "true) return"],
    ["a span of the same statement may have another name", "said?.given === name ? said", "true ? said"],
    ["a span in which something was found is not kept", "isSame(told.keyValues, given) && isShort", "isShort"],
    ["long spans are not kept", " && isShort(name, given)) {", ") {"],
    ["spans with a long name are not kept", "let { length } = name", "let length = 0"],
    ["what differs from span to span is not kept", "times < mostSaid && ", ""],
    ["a name that stays is scrubbed", "isPlain ? known.name(name) :", "isPlain ? name :"],
    ["a statement is told apart by each of its values", "if (one[i] !== other[i]) return false", ""]
  ),
  inFile(
    "src/tracing/SpanAttributes.ts",
    ["test/observation/DirectOperation.test.ts"],
    ["what has not come yet is no attribute", "if (value !== undefined) object", "object"]
  ),
  inFile(
    "src/tracing/Span.ts",
    ["test/observation/DirectOperation.test.ts"],
    ["what has not come yet can't be read", "if (flat[index + 1] !== undefined) readable", "readable"]
  ),
  inFile(
    "src/tracing/SpanAttributes.ts",
    ["test/contract/Spans.test.ts"],
    ["lists of several kinds become text", "typeof item === typeof values[0]", "true"],
    ["large numbers become text", "typeof value === \"bigint\" ? value.toString() : ", ""]
  ),
  inFile(
    "src/tracing/EffectTracer.ts",
    ["test/tracing/EffectTracer.test.ts"],
    ["a span that can't be told of is in the books", "      this.#pipeline.abandon()\n", ""],
    ["a span that can't begin is in the books", "this.#pipeline.lost()\n      return new", "return new"]
  ),
  inFile(
    "src/tracing/EffectTracer.ts",
    ["test/observation/DirectOperation.test.ts"],
    ["where no caller is trusted each is judged", "if (!this.#decisions.leavesOutBelowCaller)", "if (false)"]
  ),
  inFile(
    "src/tracing/EffectTracer.ts",
    ["test/contract/Spans.test.ts"],
    ["a program may ask to leave a span out", "judged && (wish || parent?.sampled === false)", "judged"],
    [
      "a third party's span is a parent",
      "(root || thirdParty === Otel.ROOT_CONTEXT",
      "(true"
    ],
    ["who has no valid ids is no parent", "if (!Otel.isSpanContextValid(parent)) return this.#root()", ""],
    ["what is left out is counted", "else this.#pipeline.unsampled()", ""]
  ),
  inFile(
    "src/tracing/Trace.ts",
    ["test/tracing/Trace.test.ts"],
    ["randomness is used once", "return pool[used++]!", "return pool[used]!"],
    ["a trace of zeros is none", "| this.word3) !== 0", "| this.word3) !== 1"]
  ),
  inFile(
    "src/tracing/Span.ts",
    ["test/tracing/Trace.test.ts"],
    ["an exemplar is given the span's own words", "into[at + 5] = this.word1", "into[at + 5] = this.word0"]
  ),
  inFile(
    "src/tracing/ActiveSpan.ts",
    ["test/tracing/ActiveSpan.test.ts"],
    ["a third party may give another name", "this.#span.name = name", "void name"],
    [
      "milliseconds are told from an HrTime",
      "if (Array.isArray(time)) return time",
      "if (Array.isArray(time)) return [time[1], time[0]]"
    ],
    ["what has ended records no more", "this.#span.sampled && !this.#span.isFinished", "this.#span.sampled"]
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
    "src/observation/SpanName.ts",
    ["test/observation/SpanName.test.ts"],
    [
      "a name that is remembered is that of its route",
      "remembering((second) => `${first} ${second}`, mostSecond, longest)",
      "remembering(() => first, mostSecond, longest)"
    ]
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
    ["a span that fits no packet costs itself only", "if (span.byteLength > room) {", "if (false) {"],
    ["who is busy is asked for one resource only", "({ error }) => error.retryable)", "() => false)"],
    ["what arrived of a batch may have left", "isPartlyThere || isPosting", "isPosting"]
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
    "src/tracing/HttpPost.ts",
    ["test/tracing/OtlpSink.test.ts"],
    [
      "a change of protocol is an answer",
      "if (!over) end(answer(response, new Uint8Array()))",
      ""
    ],
    ["no connection is told from no answer", "lost ? \"timeout\" : \"unreachable\"", "\"timeout\""],
    ["what broke before the body had left may be sent again", "connected && current.writableFinished", "connected"],
    ["a request that was sent twice says so", "if (resent) onResent()", ""],
    [
      "what was sent twice may have arrived",
      "mayHaveLeft = () => resent || isSent()",
      "mayHaveLeft = () => isSent() && !resent"
    ],
    ["only a connection that was kept open is replaced", "readBefore > 0 && silent", "silent"],
    [
      "the status is the answer, whatever becomes of the rest",
      "if (received !== undefined) return end",
      "if (false) return end"
    ],
    ["a server that is busy may be asked again", "RetryableStatus.isRetryable(status)", "false"]
  ),
  inFile(
    "src/tracing/SentrySink.ts",
    ["test/tracing/SentrySink.test.ts"],
    ["Sentry gets its share of the traces", "sampled(span.spanContext().traceId)", "true"]
  )
].flat()
