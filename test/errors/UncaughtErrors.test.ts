import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as FakeSentry from "./FakeSentry.ts"

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const program = fileURLToPath(new URL("./crash.ts", import.meta.url))

const run = (
  sentry: FakeSentry.FakeSentry,
  how: string,
  flags: ReadonlyArray<string> = []
): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = spawn(
      process.execPath,
      ["--conditions=source", ...flags, program, Redacted.value(sentry.dsn), how],
      { env: { PATH: process.env["PATH"] } }
    )
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk) => {
      stdout += chunk
      if (stdout !== "given up\n") return
      sentry.answer = FakeSentry.ok
      child.stdin.write("back\n")
    })
    child.stderr.on("data", (chunk) => stderr += chunk)
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

// As the program has measured it, from the error on: starting a process takes as long as it takes.
const endedAfter = ({ stdout }: Ended): number => Number(/^ended after (\d+) ms$/m.exec(stdout)?.[1])

describe("an error that nobody handles", { timeout: 20_000 }, () => {
  it.live("is sent as fatal before the process ends as Node would, with what it prints scrubbed", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "exception")
      assert.strictEqual(ended.code, 1)
      assert.match(ended.stderr, /Crashed: login with Bearer \[redacted\] failed\n\s+at .*crash\.ts/)
      assert.match(ended.stderr, /\n\nNode\.js v\d+/)
      assert.strictEqual(sentry.envelopes.length, 1)
      assert.notInclude(sentry.envelopes[0]!.raw, "abc.def.ghi")
      const event = FakeSentry.eventOf(sentry.envelopes[0]!)
      assert.strictEqual(event.level, "fatal")
      assert.deepStrictEqual(event.fingerprint, ["Crashed", "uncaughtException"])
      assert.strictEqual(event.exception!.values[0]!.mechanism.handled, false)
    }))

  it.live("is told apart when it is a rejection", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "rejection")
      assert.strictEqual(ended.code, 1)
      assert.notInclude(ended.stderr, "abc.def.ghi")
      const event = FakeSentry.eventOf(sentry.envelopes[0]!)
      assert.deepStrictEqual(event.fingerprint, ["Crashed", "unhandledRejection"])
    }))

  it.live("waits two seconds and no longer for a tracker that does not answer", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      sentry.answer = () => undefined
      const ended = yield* run(sentry, "twice")
      assert.strictEqual(ended.code, 1)
      const millis = endedAfter(ended)
      assert.isAtLeast(millis, 1_990)
      assert.isBelow(millis, 3_500)
      assert.strictEqual(sentry.envelopes.length, 2)
    }))

  it.live("ends the process after two seconds when nothing comes to an end, and says what was not sent", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "hung")
      assert.strictEqual(ended.code, 1)
      const millis = endedAfter(ended)
      assert.isAtLeast(millis, 1_990)
      assert.isBelow(millis, 3_500)
      assert.match(ended.stderr, /\ncaptured 1, sent 0, queued 1\n$/)
    }))

  it.live("is sent, whatever else has failed in that minute", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "after a storm")
      assert.strictEqual(ended.code, 1)
      const levels = sentry.envelopes.map((envelope) => FakeSentry.eventOf(envelope).level)
      // As many of the hundred as a busy machine sends in two seconds; what ends the program goes first.
      assert.isAtMost(levels.length, 101)
      assert.strictEqual(levels.filter((level) => level === "fatal").length, 1)
    }))

  it.live("is sent with all that waits where Sentry has been given up for a while", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const refused = new Set<FakeSentry.Envelope>()
      sentry.answer = (response, envelope) => {
        refused.add(envelope)
        response.writeHead(503).end()
      }
      const ended = yield* run(sentry, "while Sentry is given up")
      assert.strictEqual(ended.code, 1)
      assert.isAtLeast(refused.size, 5)
      const accepted = sentry.envelopes.filter((envelope) => !refused.has(envelope)).map(FakeSentry.eventOf)
      assert.deepStrictEqual(accepted.map(({ level }) => level).toSorted(), ["fatal", "info", "info", "info"])
      assert.strictEqual(new Set(accepted.map(({ event_id }) => event_id)).size, 4)
    }))

  it.live("does not end a program that listens itself", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "own listener")
      assert.match(ended.stdout, /^handled\nended after \d+ ms\n$/)
      assert.strictEqual(ended.stderr, "")
      assert.strictEqual(ended.code, 0)
      assert.strictEqual(sentry.envelopes.length, 1)
    }))

  it.live("does not end a program that told Node to let rejections pass", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "passing rejection", ["--unhandled-rejections=none"])
      assert.strictEqual(ended.stdout, "still here\n")
      assert.strictEqual(ended.code, 7)
      assert.strictEqual(sentry.envelopes.length, 0)
    }))

  it.live("is left to Node unless the layer was asked to take it", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const ended = yield* run(sentry, "not asked for")
      assert.strictEqual(ended.code, 1)
      assert.include(ended.stderr, "throw new Crashed")
      assert.strictEqual(sentry.envelopes.length, 0)
    }))
})
