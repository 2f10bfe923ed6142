import { Guard, Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { TestConsole } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as fc from "fast-check"
import * as Logging from "../../src/logging/Logging.ts"
import type { LogLine } from "../../src/logging/LogLine.ts"
import * as PrettyLine from "../../src/logging/PrettyLine.ts"

const service = { name: "shop", version: "1.2.3", environment: "staging" }

const tracer = Layer.succeed(Tracer.Tracer, Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))

const logging = (options?: Partial<Logging.Options>) =>
  Layer.merge(Logging.layer({ scrubber: Scrubber.make(), service, format: "json", ...options }), tracer)

const written = Effect.map(TestConsole.logLines, (lines) => lines.map(String))

const theLine = Effect.map(written, (lines) => {
  assert.strictEqual(lines.length, 1)
  return JSON.parse(lines[0]!) as LogLine
})

const anyText = fc.array(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code % 3 === 0 ? code % 256 : code))
)
  .map((characters) => characters.join(""))

const isControl = (character: string): boolean => {
  const code = character.charCodeAt(0)
  return character !== "\n" && character !== "\t" && (code < 32 || (code >= 127 && code < 160))
}

const failing = (): never => {
  throw new Error("fault")
}

describe("a JSON line", () => {
  it.effect("carries message, level, time, service, trace, annotations and log spans", () =>
    Effect.gen(function*() {
      const span = yield* Effect.gen(function*() {
        yield* Effect.logWarning("pack is old", { age: 3 }).pipe(
          Effect.annotateLogs({ pack: "2025-01-31" }),
          Effect.withLogSpan("build")
        )
        return yield* Effect.currentSpan
      }).pipe(Effect.withSpan("span"))
      const line = yield* theLine
      assert.deepStrictEqual({ ...line, fiber: "#1" }, {
        timestamp: "1970-01-01T00:00:00.000Z",
        level: "Warn",
        message: "pack is old",
        service: "shop",
        version: "1.2.3",
        environment: "staging",
        trace_id: span.traceId,
        span_id: span.spanId,
        fiber: "#1",
        values: [{ age: 3 }],
        annotations: { pack: "2025-01-31" },
        spans: { build: 0 }
      })
    }).pipe(Effect.provide(logging())))

  it.effect("leaves out what there is not", () =>
    Effect.gen(function*() {
      yield* Effect.log("plain")
      const line = yield* theLine
      assert.deepStrictEqual(Object.keys(line), [
        "timestamp",
        "level",
        "message",
        "service",
        "version",
        "environment",
        "fiber"
      ])
    }).pipe(Effect.provide(logging())))

  it.effect("has no secret in message, values, annotations, span names or cause", () =>
    Effect.gen(function*() {
      yield* Effect.logError(
        "login of jane@example.org with Bearer s3cr3t-one",
        { password: "s3cr3t-two", nested: { apiKey: "s3cr3t-three" } },
        ["token=s3cr3t-four"],
        Redacted.make("s3cr3t-five"),
        Cause.fail(new Error("GET https://x.test/?apikey=s3cr3t-six", { cause: new Error("Bearer s3cr3t-seven") }))
      ).pipe(
        Effect.annotateLogs({ "x-api-key": "s3cr3t-eight", note: "Bearer s3cr3t-nine" }),
        Effect.withLogSpan("Bearer s3cr3t-ten")
      )
      const [text] = yield* written
      assert.notInclude(text, "s3cr3t")
      assert.notInclude(text, "jane")
      const line = JSON.parse(text!) as LogLine
      assert.include(line.cause, "GET https://x.test/?apikey=[redacted]")
    }).pipe(Effect.provide(logging())))

  it.effect("joins the texts of a message and keeps other values apart", () =>
    Effect.gen(function*() {
      yield* Effect.log("a", 1, "b", null, ["c"])
      yield* Effect.log(["only", "a list"])
      yield* Effect.log(42)
      const lines = (yield* written).map((text) => JSON.parse(text) as LogLine)
      assert.deepStrictEqual(lines.map(({ message, values }) => [message, values]), [
        ["a b", [1, null, ["c"]]],
        ["", [["only", "a list"]]],
        ["", [42]]
      ])
    }).pipe(Effect.provide(logging())))

  it.effect("has the first line of its cause as message where nothing was said beside it, scrubbed", () =>
    Effect.gen(function*() {
      const cause = Cause.fail(new Error("GET https://x.test/?apikey=s3cr3t failed"))
      yield* Effect.log(cause)
      yield* Effect.log({ status: 500 }, cause)
      yield* Effect.log("request failed", cause)
      const lines = (yield* written).map((text) => JSON.parse(text) as LogLine)
      const first = "Error: GET https://x.test/?apikey=[redacted] failed"
      assert.deepStrictEqual(lines.map(({ message }) => message), [first, first, "request failed"])
      for (const line of lines) assert.strictEqual(line.cause?.split("\n")[0], first)
    }).pipe(Effect.provide(logging())))

  it.effect("is one line, whatever is logged", () =>
    Effect.gen(function*() {
      const cyclic: Record<string, unknown> = { big: 1n, symbol: Symbol("s"), map: new Map([["a", 1]]) }
      cyclic["self"] = cyclic
      yield* Effect.log("line\nbreak", cyclic)
      const line = yield* theLine
      assert.strictEqual(line.message, "line\nbreak")
      assert.strictEqual((yield* written)[0]!.includes("\n"), false)
    }).pipe(Effect.provide(logging())))

  it.effect("goes to the error stream where the program wants its log there", () =>
    Effect.gen(function*() {
      yield* Effect.log("x")
      assert.strictEqual((yield* TestConsole.errorLines).length, 1)
      assert.deepStrictEqual(yield* written, [])
    }).pipe(Effect.provideService(Logger.LogToStderr, true), Effect.provide(logging())))
})

describe("the loggers", () => {
  it.effect("are replaced: nothing is copied into span events", () =>
    Effect.gen(function*() {
      const events = yield* Effect.gen(function*() {
        yield* Effect.log("Bearer s3cr3t")
        const span = yield* Effect.currentSpan
        return (span as Tracer.NativeSpan).events
      }).pipe(Effect.withSpan("span"))
      assert.deepStrictEqual(events, [])
      assert.strictEqual((yield* written).length, 1)
    }).pipe(Effect.provide(logging())))

  it.effect("stand beside others that the layer was given", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      yield* Effect.log("x").pipe(
        Effect.provide(logging({ beside: [Logger.make(({ message }) => seen.push(message))] }))
      )
      assert.strictEqual(seen.length, 1)
      assert.strictEqual((yield* written).length, 1)
    }))

  it.effect("obey the program's log level", () =>
    Effect.gen(function*() {
      yield* Effect.logDebug("hidden")
      assert.deepStrictEqual(yield* written, [])
    }).pipe(Effect.provide(logging())))
})

describe("a fault of logging", () => {
  it.effect("in the scrubber loses the text, says so, leaves the program alone and is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const scrubber = { ...Scrubber.make(), text: failing }
      const exit = yield* Effect.log("Bearer s3cr3t").pipe(
        Effect.as("result"),
        Effect.provide(logging({ scrubber }).pipe(Layer.provide(Layer.succeed(Guard.CurrentGuard, guard)))),
        Effect.exit
      )
      assert.deepStrictEqual(exit, Exit.succeed("result"))
      const line = yield* theLine
      assert.strictEqual(line.message, "a log line was lost: it could not be formatted or scrubbed")
      assert.strictEqual(guard.faults().get("logger"), 1)
    }))

  it.effect("over a clock that tells no time leaves the program alone, writes the machine's and is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const broken: Clock.Clock = { ...(yield* Clock.Clock), currentTimeMillisUnsafe: () => Number.NaN }
      const before = Date.now()
      const exit = yield* Effect.log("x").pipe(
        Effect.as("result"),
        Effect.provideService(Clock.Clock, broken),
        Effect.provide(logging().pipe(Layer.provide(Layer.succeed(Guard.CurrentGuard, guard)))),
        Effect.exit
      )
      assert.deepStrictEqual(exit, Exit.succeed("result"))
      const time = Date.parse((yield* theLine).timestamp)
      assert.isTrue(time >= before && time <= Date.now())
      assert.strictEqual(guard.faults().get("logger"), 1)
    }))

  it.effect("in the console leaves the program alone and is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const console: Console.Console = { ...globalThis.console, log: failing }
      const exit = yield* Effect.log("x").pipe(
        Effect.as("result"),
        Effect.provideService(Console.Console, console),
        Effect.provide(logging().pipe(Layer.provide(Layer.succeed(Guard.CurrentGuard, guard)))),
        Effect.exit
      )
      assert.deepStrictEqual(exit, Exit.succeed("result"))
      assert.strictEqual(guard.faults().get("logger"), 1)
    }))

  it.effect("in what was logged itself does not reach the program", () =>
    Effect.gen(function*() {
      const hostile = {
        get secret(): unknown {
          return failing()
        },
        toJSON: failing
      }
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(Effect.log("x", hostile))))
      assert.strictEqual((yield* written).length, 1)
    }).pipe(Effect.provide(logging())))
})

describe("a line for people", () => {
  const line: LogLine = {
    timestamp: "2026-01-02T03:04:05.678Z",
    level: "Warn",
    message: "pack is old",
    service: "shop",
    version: "1.2.3",
    environment: "staging",
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    span_id: "00f067aa0ba902b7",
    fiber: "#1",
    values: [{ age: 3 }],
    annotations: { pack: "2025-01-31" },
    spans: { build: 12 },
    cause: "Error: closed\n    at f (a.ts:1:2)"
  }

  it("shows time, level, message, values, details, trace and the cause below", () => {
    assert.strictEqual(
      PrettyLine.format(line, false),
      [
        `03:04:05.678 WARN  pack is old {"age":3} build=12ms pack=2025-01-31 ` +
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
        "    Error: closed",
        "        at f (a.ts:1:2)"
      ].join("\n")
    )
  })

  it("has colours where the terminal shows them", () => {
    assert.include(PrettyLine.format(line, true), "\u001b[33mWARN \u001b[0m")
  })

  it("can't be steered by what is logged: no control character passes, no text begins a line of its own", () => {
    fc.assert(fc.property(anyText, anyText, (message, value) => {
      const text = PrettyLine.format({ ...line, message, annotations: { [value]: value }, cause: value }, false)
      assert.isFalse([...text].some(isControl))
      for (const each of text.split("\n").slice(1)) assert.isTrue(each.startsWith("    "))
    }))
  })

  it.effect("is what `pretty` writes", () =>
    Effect.gen(function*() {
      yield* Effect.log("hello")
      assert.match((yield* written)[0]!, /^00:00:00\.000 INFO  hello$/)
    }).pipe(Effect.provide(logging({ format: "pretty" }))))

  it.effect("is not what `auto` writes where there is no terminal", () =>
    Effect.gen(function*() {
      const isTerminal = process.stdout.isTTY
      process.stdout.isTTY = false
      yield* Effect.log("hello")
      process.stdout.isTTY = true
      yield* Effect.log("hello")
      process.stdout.isTTY = isTerminal
      const [json, pretty] = yield* written
      assert.strictEqual((JSON.parse(json!) as LogLine).message, "hello")
      assert.include(pretty, "hello")
      assert.throws(() => JSON.parse(pretty!))
    }).pipe(Effect.provide(logging({ format: "auto" }))))
})
