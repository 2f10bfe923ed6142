// The records of ended spans, and what is written of them.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/tracing/ScrubbedSpan.ts",
    ["test/tracing/TracingLive.test.ts"],
    ["the name of a span is scrubbed", "known.name(SpanName.conventional", "String(SpanName.conventional"],
    [
      "the events of a span are scrubbed",
      "events.map((event) => scrubEvent(event, scrubber))",
      "events.map((event) => scrubEvent(event, letPass))"
    ],
    [
      "the links of a span are scrubbed",
      "links.map((link) => scrubLink(link, scrubber))",
      "links.map((link) => scrubLink(link, letPass))"
    ],
    ["the message of a status is scrubbed", "undefined : scrubber.text(message)", "undefined : message"]
  ),
  inFile(
    "src/tracing/ScrubbedSpan.ts",
    ["test/tracing/ScrubbedSpan.test.ts"],
    ["a trace state with a secret stays here", "scrubber.text(text) === text ? text : \"\"", "text"],
    ["a list may begin with a gap", "typeof value.find(isPrimitive)", "typeof value[0]"]
  ),
  inFile(
    "src/tracing/SpanSize.ts",
    ["test/tracing/SpanSize.test.ts"],
    ["text is as long as its UTF-8", "field(Buffer.byteLength(value))", "field(value.length)"],
    ["the size of events counts", "name(event.name) + ofKeyValues(event.keyValues)", "name(event.name)"],
    ["a span takes room in the heap beside its texts", "const recordBytes = 172", "const recordBytes = 72"],
    ["each event takes room in the heap", "size += eventBytes + keyValuesInHeap(keyValues)", "size += eventBytes"]
  ),
  inFile(
    "src/tracing/SpanRecord.ts",
    ["test/tracing/SpanSize.test.ts"],
    [
      "what exporters were shown is let go",
      "views.set(record, new WeakRef(view))",
      "views.set(record, { [Symbol.toStringTag]: \"WeakRef\", deref: () => view })"
    ]
  ),
  inFile(
    "src/tracing/SpanRecord.ts",
    ["test/tracing/SpanRecord.test.ts"],
    [
      "it is known whether a parent is another process's",
      "(span.parentIsRemote === true ? 1 << parentIsRemote : 0)",
      "0"
    ],
    ["a span's status is kept", "(span.status.code & mask(statusBits)) << statusCode", "0"],
    ["a span's flags are not its parent's", "(span.traceFlags & mask(flagBits)) << ownFlags", "0"]
  ),
  inFile(
    "src/tracing/RecordView.ts",
    ["test/tracing/SpanRecord.test.ts"],
    ["a key may be named like the prototype", "if (key === \"__proto__\")", "if (key === \"\")"],
    ["members of a trace state keep their order", "reduceRight", "reduce"],
    ["a duration has no negative nanoseconds", "duration: endNanos < startNanos", "duration: endNanos < 0"]
  ),
  inFile(
    "src/tracing/EndedSpan.ts",
    ["test/tracing/SpanRecord.test.ts"],
    [
      "a span whose ids are none has no record",
      "if (id.length !== length) throw",
      "if (id.length > 32) throw"
    ]
  ),
  inFile(
    "src/tracing/OtlpMessages.ts",
    ["test/tracing/OtlpWriter.test.ts"],
    ["a link to no span costs itself only", "if (!SpanIds.isTraceId(ofTrace)", "if (!SpanIds.isSpanId(ofSpan)"],
    [
      "a link to no span is counted",
      "count(out, 14, details.droppedLinksCount + nowhere)",
      "count(out, 14, details.droppedLinksCount)"
    ],
    ["a fraction is no whole number", "Number.isInteger(content) && ", ""],
    ["the largest numbers are no whole ones", "content < aboveIntegers", "content <= aboveIntegers"],
    ["what is elsewhere is told", "(isRemote === true ? 0x200 : 0)", "0"],
    ["a root has no parent", "if (record.hasParent) ", ""]
  ),
  inFile(
    "src/tracing/OtlpWriter.ts",
    ["test/tracing/OtlpWriter.test.ts"],
    ["a slice has at most 128 spans", "ofSlice >= sliceSpans || ", ""],
    ["a slice of large spans ends earlier", " || out.length - sliceStart >= sliceBytes", ""],
    ["nothing is left of what could not be written", "    out.cut(before)\n", ""],
    [
      "a scope of which nothing is left is not told",
      "else out.cut(beforeScope)",
      "else end(out, scopeSpans, scope.schemaUrl)"
    ]
  ),
  inFile(
    "src/tracing/OtlpRequest.ts",
    ["test/tracing/OtlpWriter.test.ts", "test/tracing/OtlpRequest.test.ts"],
    ["a resource that is being found out is told anew", "of.asyncAttributesPending === true", "false"],
    [
      "spans are told under their own scope",
      "let group = scopes.get(instrumentationScope)",
      "let group = [...scopes.values()][0]"
    ]
  ),
  inFile(
    "src/tracing/ProtobufWriter.ts",
    ["test/tracing/OtlpWriter.test.ts"],
    ["a negative number has ten bytes", "high >>>= 0\n", "high = Math.max(0, high)\n"],
    ["a length that needs more bytes makes room for them", "if (needed !== reserved) {", "if (needed < reserved) {"],
    ["a buffer keeps what it has when it grows", "this.#bytes.copy(grown, 0, 0, this.#at)", ""],
    ["text is UTF-8", "if (code > 0x7f) return this.#longText(value)", ""],
    ["a second is told exactly", "(seconds & 0xffff) * 1e9", "(seconds & 0x7fff) * 1e9"]
  ),
  inFile(
    "src/tracing/OtlpResponse.ts",
    ["test/tracing/OtlpResponse.test.ts"],
    ["an answer that is cut off says nothing", "if (at > bytes.length) throw", "if (at > bytes.length + 8) throw"],
    ["fields that nobody knows are skipped", "else if (wireType === 5) skip(4)\n", ""],
    ["large counts are exact", "(byte & 0x7f) * scale", "(byte & 0x3f) * scale"],
    ["fewer than none are none", "rejectedSpans > 0 ? ", "rejectedSpans !== 0 ? "]
  ),
  inFile(
    "src/tracing/OtlpSink.ts",
    ["test/tracing/OtlpSink.test.ts"],
    ["a partial success is not a whole one", "accepted: count - rejected", "accepted: count"],
    ["nothing has left while a request is written", "isPosting && poster.mayHaveLeft()", "poster.mayHaveLeft()"]
  ),
  inFile(
    "src/tracing/InTurns.ts",
    ["test/tracing/OtlpSink.test.ts", "test/tracing/JaegerSink.test.ts"],
    ["others have their turn between slices", "Effect.flatMap(Effect.yieldNow, ", "Effect.flatMap(Effect.void, "]
  ),
  inFile(
    "src/tracing/JaegerSink.ts",
    ["test/tracing/JaegerSink.test.ts"],
    ["nothing has left while spans are translated", "isPosting && poster.mayHaveLeft()", "poster.mayHaveLeft()"]
  ),
  inFile(
    "src/tracing/JaegerThrift.ts",
    ["test/tracing/JaegerSink.test.ts"],
    ["a span's events reach Jaeger", "events: span.events.map(", "events: ([] as typeof span.events).map("]
  )
].flat()
