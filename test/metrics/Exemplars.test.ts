import type { Metrics } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { parse } from "../support/ExpositionText.ts"
import * as Shop from "./shop.ts"

const hex = (words: ReadonlyArray<number>): string =>
  words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")

/** A span that knows its ids as words, and makes no text of them. */
const ofWords = (words: ReadonlyArray<number>): Metrics.Exemplar => ({
  get traceId(): string {
    throw new Error("nobody asked for text")
  },
  get spanId(): string {
    throw new Error("nobody asked for text")
  },
  writeIds: (into, at) => into.set(words, at)
})

const shown = (metrics: Metrics.Service, le: string) =>
  Effect.map(
    metrics.render("openmetrics"),
    (text) =>
      parse(text, "openmetrics").sample("shop_checkout_duration_seconds_bucket", { channel: "web", le })?.exemplar
  )

const bounds = ["0.1", "1.0", "10.0", "+Inf"] as const
const values = [0.05, 0.5, 5, 50] as const

describe("An exemplar", () => {
  it.effect("is taken from words, at the moment that was given, or that it is", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      yield* TestClock.setTime(5_000)
      cell.observe(0.5, ofWords([1, -1, 0x89abcdef, 0, 7, 8]), 1_700_000_000_123)
      cell.observe(5, ofWords([1, 2, 3, 4, 5, 6]))
      expect(yield* shown(metrics, "1.0")).toEqual({
        labels: { trace_id: "00000001ffffffff89abcdef00000000", span_id: "0000000700000008" },
        value: 0.5,
        timestamp: 1_700_000_000.123
      })
      expect((yield* shown(metrics, "10.0"))?.timestamp).toBe(5)
      expect(guard.faults().get("recorder")).toBe(0)
    }))

  it.effect("that can't be read costs itself only, and is counted", () =>
    Effect.gen(function*() {
      const { guard, metrics } = yield* Shop.make()
      const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
      cell.observe(0.5, ofWords([1, 2, 3, 4, 5, 6]))
      const throwing = () => {
        throw new Error("s3cret")
      }
      cell.observe(0.5, { traceId: "a", spanId: "b", writeIds: throwing })
      // Half of it is another one's.
      expect(yield* shown(metrics, "1.0")).toBeUndefined()
      cell.observe(0.5, Object.defineProperty({ spanId: "b" } as Metrics.Exemplar, "traceId", { get: throwing }))
      expect(yield* shown(metrics, "1.0")).toBeUndefined()
      expect(guard.faults().get("recorder")).toBe(2)
      expect(String(guard.last("recorder"))).not.toContain("s3cret")
      expect(Shop.valuesOf(metrics.samples(), "shop_checkout_duration_seconds_count")).toEqual({ "channel=web": 3 })
      for (const moment of [NaN, Infinity]) {
        cell.observe(0.5, ofWords([1, 2, 3, 4, 5, 6]), moment)
        expect(yield* shown(metrics, "1.0")).toBeUndefined()
      }
    }))

  it.effect("is the last of its bucket, whatever came before it", () =>
    Effect.gen(function*() {
      const words = FastCheck.array(FastCheck.integer(), { minLength: 6, maxLength: 6 })
      const ids = FastCheck.oneof(
        words.map((words) => ({ exemplar: ofWords(words), trace: hex(words.slice(0, 4)), span: hex(words.slice(4)) })),
        FastCheck.tuple(
          FastCheck.constantFrom(hex([1, 2, 3, 4]), hex([1, 2, 3, 4]).toUpperCase().replace("1", "A"), "odd-1"),
          FastCheck.constantFrom(hex([5, 6]), "odd_2", hex([5, 6, 7]))
        ).map(([trace, span]) => ({ exemplar: { traceId: trace, spanId: span }, trace, span })),
        FastCheck.constantFrom("", "\0", "a\"b", 7 as unknown as string).map((id) => ({
          exemplar: { traceId: hex([1, 2, 3, 4]), spanId: id },
          trace: undefined,
          span: undefined
        }))
      )
      const steps = FastCheck.array(
        FastCheck.record({ bucket: FastCheck.nat(3), ids, at: FastCheck.nat(2e9), isScraped: FastCheck.boolean() }),
        { maxLength: 12 }
      )
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(steps, async (steps) => {
            const { metrics } = await Effect.runPromise(Shop.make())
            const cell = metrics.histogram(Shop.checkoutDuration, { channel: "web" })
            const last = new Map<number, typeof steps[number]>()
            for (const step of steps) {
              cell.observe(values[step.bucket]!, step.ids.exemplar, step.at)
              last.set(step.bucket, step)
              if (step.isScraped) await Effect.runPromise(metrics.render("openmetrics"))
            }
            for (const [bucket, le] of bounds.entries()) {
              const step = last.get(bucket)
              expect(await Effect.runPromise(shown(metrics, le))).toEqual(
                step?.ids.trace === undefined
                  ? undefined
                  : {
                    labels: { trace_id: step.ids.trace, span_id: step.ids.span },
                    value: values[bucket],
                    timestamp: step.at / 1000
                  }
              )
            }
          }),
          { numRuns: 50 }
        )
      )
    }))

  it.effect("belongs to its label set, however many there are", () =>
    Effect.gen(function*() {
      const { metrics } = yield* Shop.make()
      const wide = { ...Shop.checkoutDuration, name: "shop_wide", labels: Shop.wide("x").labels, known: [] }
      for (let index = 0; index < 100; index++) {
        metrics.histogram(wide, { a: `${index}` }).observe(
          0.5,
          index % 2 === 0 ? ofWords([0, 0, 0, index, 0, 1]) : { traceId: `odd-${index}`, spanId: "b" }
        )
      }
      const read = parse(yield* metrics.render("openmetrics"), "openmetrics")
      for (let index = 0; index < 100; index++) {
        const { exemplar } = read.sample("shop_wide_bucket", { a: `${index}`, le: "1.0" })!
        expect(exemplar?.labels.trace_id).toBe(index % 2 === 0 ? hex([0, 0, 0, index]) : `odd-${index}`)
      }
    }))
})
