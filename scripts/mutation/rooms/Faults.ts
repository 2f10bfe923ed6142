// What is best seen by the faults of a real receiver: ids compared one by one.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/tracing/HttpPost.ts",
    ["test/faults/SpansOtlp.test.ts"],
    ["an answer that was lost is no refused connection", "const lost = mayHaveLeft()", "const lost = false"],
    ["the deadline of a request is called off", "cancelDeadline()\n        resume(result)", "resume(result)"],
    ["the end of a layer closes its connection", "close: Effect.sync(() => agent.destroy())", "close: Effect.void"]
  ),
  inFile(
    "src/tracing/HttpPost.ts",
    ["test/faults/Duplicates.test.ts"],
    ["what goes a second time is counted", "if (resent) onResent()", ""]
  ),
  inFile(
    "src/tracing/OtlpSink.ts",
    ["test/faults/SpansOtlp.test.ts"],
    [
      "spans that the collector rejects are not exported",
      "const rejected = Math.min(count, rejectedSpans)",
      "const rejected = 0"
    ]
  ),
  inFile(
    "src/tracing/JaegerSink.ts",
    ["test/faults/SpansThrift.test.ts"],
    [
      "spans that Jaeger refuses are not exported",
      "waitingAlong(group, error)",
      "{ accepted: group.spans.length, rejected: 0 }"
    ]
  ),
  inFile(
    "src/tracing/SinkQueue.ts",
    ["test/faults/Sequences.test.ts"],
    [
      "a flush takes along what the one before has tried",
      "if (!this.#flushes.any) this.#letHeldWait()\n    const flush",
      "const flush"
    ],
    [
      "the last attempt takes along what a flush has tried",
      "this.#receiver.forgive()\n    this.#letHeldWait()",
      "this.#receiver.forgive()"
    ]
  ),
  inFile(
    "src/errors/SentryRequest.ts",
    ["test/faults/Events.test.ts"],
    ["an event that has left is not sent again", "hasLeft: () => hasLeft", "hasLeft: () => false"]
  ),
  inFile(
    "src/errors/SentryAnswer.ts",
    ["test/faults/Events.test.ts"],
    [
      "an event that Sentry did not take is not sent",
      "if (status === 429) {",
      "if (status === 400) return EventSink.sent\n  if (status === 429) {"
    ]
  )
].flat()
