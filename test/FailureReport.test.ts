import { MetricsServerError, Observability, Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const secret = "postgres://svc:hunter2hunter2@db.internal/x"

/** Runs it as `runMain` does: what was printed, the exit code, and whether `runMain` would print it again. */
const ended = (self: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const console = {
      ...globalThis.console,
      error: (...parts: ReadonlyArray<unknown>) => void lines.push(parts.join(" "))
    }
    const exit = yield* Effect.exit(Effect.provideService(Observability.reportFailure(self), Console.Console, console))
    let code = -1
    Runtime.defaultTeardown(exit, (given) => {
      code = given
    })
    const again = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) &&
      Runtime.getErrorReported(Cause.squash(exit.cause))
    return { printed: lines.join("\n"), code, again }
  })

class Quiet extends Error {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = 42
}

describe("what a program prints when it fails", () => {
  const failures: ReadonlyArray<readonly [what: string, self: Effect.Effect<unknown, unknown>]> = [
    ["an error", Effect.fail(new Error(`no connection to ${secret}`, { cause: new Error(`refused ${secret}`) }))],
    ["a defect", Effect.die(new Error(`no connection to ${secret}`))],
    ["a defect that is a text", Effect.die(`no connection to ${secret}`)],
    ["a frozen error", Effect.fail(Object.freeze(new Error(`no connection to ${secret}`)))]
  ]
  for (const [what, self] of failures) {
    it.effect(`is ${what} without its secrets, once`, () =>
      Effect.gen(function*() {
        const { again, code, printed } = yield* ended(self)
        assert.include(printed, "no connection to postgres://")
        assert.notInclude(printed, "hunter2")
        assert.deepStrictEqual([code, again], [1, false])
      }))
  }

  it.effect("is a bad configuration as one block, without a secret that is in the wrong variable", () =>
    Effect.gen(function*() {
      const issue = new SchemaIssue.Pointer(["PORT"], new SchemaIssue.InvalidValue({ message: `PORT="${secret}"` }))
      const error = new Config.ConfigError(new Schema.SchemaError(issue))
      const { again, code, printed } = yield* ended(Effect.fail(error))
      assert.match(printed, /^The configuration has a problem:\n {2}- PORT="postgres:/)
      assert.notInclude(printed, "hunter2")
      assert.notInclude(printed, " at ")
      assert.deepStrictEqual([code, again], [1, false])
    }))

  it.effect("is a metrics port that is taken, as one block", () =>
    Effect.gen(function*() {
      const error = new MetricsServerError.MetricsServerError({
        reason: "port_in_use",
        host: "127.0.0.1",
        port: 8001,
        message: "METRICS_PORT=8001: the port is in use",
        cause: "EADDRINUSE"
      })
      const { printed } = yield* ended(Effect.fail(error))
      assert.match(printed, /^The metrics server can't start:\n {2}- METRICS_PORT=8001/)
    }))

  it.effect("is nothing where the error was reported before; its exit code stays", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ended(Effect.fail(new Quiet("said already"))), {
        printed: "",
        code: 42,
        again: false
      })
    }))

  it.effect("is what was not reported, beside an error that was, whichever comes first", () =>
    Effect.gen(function*() {
      const defect = Cause.makeDieReason(new Error(`no connection to ${secret}`))
      const quiet = Cause.makeFailReason(new Quiet("said already"))
      for (const reasons of [[quiet, defect], [defect, quiet]]) {
        const { again, printed } = yield* ended(Effect.failCause(Cause.fromReasons(reasons)))
        assert.include(printed, "no connection to postgres://")
        assert.notInclude(printed, "hunter2")
        assert.isFalse(again)
      }
    }))

  it.effect("is nothing for an interruption, which stays one, nor for a success", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ended(Effect.interrupt), { printed: "", code: 130, again: false })
      assert.deepStrictEqual(yield* ended(Effect.void), { printed: "", code: 0, again: false })
    }))

  it.effect("is a line even where the error can't be shown", () =>
    Effect.gen(function*() {
      const hostile = new Error("x")
      Object.defineProperty(hostile, "message", {
        get() {
          throw new Error(secret)
        }
      })
      const { again, code, printed } = yield* ended(Effect.fail(hostile))
      assert.notStrictEqual(printed, "")
      assert.notInclude(printed, "hunter2")
      assert.deepStrictEqual([code, again], [1, false])
    }))

  it.effect("passes the scrubber that the program provides", () =>
    Effect.gen(function*() {
      const scrubber = Scrubber.make({ sensitiveKeys: ["fund code"] })
      const { printed } = yield* ended(Effect.fail(new Error("fundCode=ABC123XYZ"))).pipe(
        Effect.provideService(Scrubber.CurrentScrubber, scrubber)
      )
      assert.include(printed, "fundCode=")
      assert.notInclude(printed, "ABC123XYZ")
    }))
})
