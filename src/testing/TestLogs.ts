/**
 * Log lines: everything that the program would have written, scrubbed and with its trace, and expectations on them.
 *
 * @example
 * import { TestLogs } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const test = Effect.gen(function*() {
 *   yield* Effect.logWarning("cache is stale")
 *   yield* TestLogs.expectLine({ level: "Warn", message: "cache is stale" })
 * }).pipe(Effect.provide(DawsOs.layerTest))
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Lines from "../logging/LogLine.ts"
import { expect, met } from "./ExpectationError.ts"
import * as Pattern from "./Pattern.ts"

/** A line as it would be written. */
export type LogLine = Lines.LogLine

/** The lines that a program under test has logged. */
export class TestLogs extends Context.Service<TestLogs, {
  /** Every line so far, the oldest first. */
  readonly lines: Effect.Effect<ReadonlyArray<LogLine>>
  /** Forgets the lines so far. */
  readonly clear: Effect.Effect<void>
}>()("@dawsos/observability/testing/TestLogs") {}

/** What a test says of a line; what it leaves out may be anything. Texts may be regular expressions. */
export type LinePattern = {
  readonly [Key in keyof LogLine]?: Pattern.Pattern<NonNullable<LogLine[Key]>> | undefined
}

/** Every line so far, the oldest first. */
export const lines: Effect.Effect<ReadonlyArray<LogLine>, never, TestLogs> = Effect.flatMap(
  TestLogs,
  (service) => service.lines
)

/** Forgets the lines so far. */
export const clear: Effect.Effect<void, never, TestLogs> = Effect.flatMap(TestLogs, (service) => service.clear)

/** How many lines a message lists; the last ones are the likeliest to matter. */
const maxListed = 25

const listed = (all: ReadonlyArray<LogLine>): ReadonlyArray<string> => [
  ...(all.length > maxListed ? [`  … ${all.length - maxListed} lines before`] : []),
  ...all.slice(-maxListed).map(({ annotations, level, message }) =>
    `  ${level} ${Pattern.show(message)}${annotations === undefined ? "" : ` ${Pattern.show(annotations)}`}`
  )
]

/**
 * Expects that a line like this was logged, and answers with it. Dies with an `ExpectationError` that shows how the
 * closest line differs.
 *
 * @example
 * import { TestLogs } from "@dawsos/observability/testing"
 *
 * export const check = TestLogs.expectLine({ level: "Error", message: /^pack build failed/ })
 */
export const expectLine = (pattern: LinePattern): Effect.Effect<LogLine, never, TestLogs> =>
  expect(
    expectLine,
    Effect.map(lines, (all) => {
      const closest = Pattern.closest(all, pattern)
      if (closest === undefined) return { problem: `expected a line ${Pattern.show(pattern)}, but none was logged` }
      if (closest.differences.length === 0) return { met: closest.value }
      return {
        problem: [
          `no line is as expected; the closest of ${all.length} differs`,
          ...closest.differences.map((difference) => `✗ ${Pattern.describe(difference)}`),
          "logged",
          ...listed(all)
        ].join("\n")
      }
    })
  )

/** Expects that no line like this was logged; without a pattern, that nothing was logged at all. */
export const expectNoLine = (pattern: LinePattern = {}): Effect.Effect<void, never, TestLogs> =>
  expect(
    expectNoLine,
    Effect.map(lines, (all) => {
      const found = all.filter((line) => Pattern.differences(pattern, line).length === 0)
      return found.length === 0 ? met : {
        problem: [`expected no line ${Pattern.show(pattern)}, but there is`, ...listed(found)].join("\n")
      }
    })
  )
