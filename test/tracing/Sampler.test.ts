import type { ObservabilityConfig } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { SamplingDecision } from "@opentelemetry/sdk-trace-node"
import * as FastCheck from "fast-check"
import * as Sampler from "../../src/tracing/Sampler.ts"
import * as Trace from "../../src/tracing/Trace.ts"

const kept = "1".padStart(32, "0")
// The sampler joins the four words of an id by exclusive or, and compares what comes out with the ratio.
const leftOut = "f".repeat(8).padStart(32, "0")

/** Whether the first span here of a trace is kept, which a caller began under `traceId`. */
const judged = (
  sampler: ReturnType<typeof Sampler.make>,
  traceId: string,
  traceFlags: number,
  isRemote = true
): boolean => {
  const parent = Otel.trace.setSpanContext(Otel.ROOT_CONTEXT, { traceId, spanId: "1".repeat(16), traceFlags, isRemote })
  const { decision } = sampler.shouldSample(parent, traceId, "span", Otel.SpanKind.SERVER, {}, [])
  return decision === SamplingDecision.RECORD_AND_SAMPLED
}

const flags = [Otel.TraceFlags.NONE, Otel.TraceFlags.SAMPLED]

describe("A share of the traces", () => {
  for (const parentBased of [true, false]) {
    const config = { _tag: "Ratio", ratio: 0.5, parentBased } as const
    const name = parentBased ? "parentbased_traceidratio" : "traceidratio"

    it(`under ${name} is not decided by a caller who is not trusted, by its flag or by its trace id`, () => {
      for (const here of [kept, leftOut]) {
        const sampler = Sampler.make(config, false, () => here)
        for (const theirs of [kept, leftOut]) {
          for (const flag of flags) expect(judged(sampler, theirs, flag)).toBe(here === kept)
        }
      }
    })

    it(`under ${name} is as large as it was set, whatever one trace id such a caller sends again and again`, () => {
      const sampler = Sampler.make(config, false)
      const share = Array.from({ length: 4000 }, () => judged(sampler, kept, 1)).filter(Boolean).length / 4000
      // Ten standard deviations.
      expect(Math.abs(share - 0.5)).toBeLessThan(0.08)
    })

    it(`under ${name} keeps what is inside of a kept trace, and leaves out what is inside of another`, () => {
      const sampler = Sampler.make(config, false, () => kept)
      for (const theirs of [kept, leftOut]) {
        for (const flag of flags) expect(judged(sampler, theirs, flag, false)).toBe(flag === Otel.TraceFlags.SAMPLED)
      }
    })
  }

  it("is the same everywhere for callers who are trusted: by their flag, or by the trace id they share", () => {
    const never = () => {
      throw new Error("no id of our own is asked for")
    }
    const following = Sampler.make({ _tag: "Ratio", ratio: 0.5, parentBased: true }, true, never)
    const dividing = Sampler.make({ _tag: "Ratio", ratio: 0.5, parentBased: false }, true, never)
    for (const theirs of [kept, leftOut]) {
      for (const flag of flags) {
        expect(judged(following, theirs, flag)).toBe(flag === Otel.TraceFlags.SAMPLED)
        expect(judged(dividing, theirs, flag)).toBe(theirs === kept)
      }
    }
  })
})

describe("What our tracer decides", () => {
  const traceId = FastCheck.stringMatching(/^[0-9a-f]{32}$/).filter((id) => id !== "0".repeat(32))
  const ratio = FastCheck.oneof(
    FastCheck.double({ min: 0, max: 1, noNaN: true }),
    FastCheck.constantFrom(0, 1, 1e-9, 1 - 1e-9, 0.25, 0.5, 0.75)
  )
  const config: FastCheck.Arbitrary<ObservabilityConfig.SamplerConfig> = FastCheck.oneof(
    FastCheck.record({
      _tag: FastCheck.constantFrom("AlwaysOn" as const, "AlwaysOff" as const),
      parentBased: FastCheck.boolean()
    }),
    FastCheck.record({ _tag: FastCheck.constant("Ratio" as const), ratio, parentBased: FastCheck.boolean() })
  )

  it("is what OpenTelemetry's samplers decide, of roots and below any parent, whoever is trusted", () => {
    FastCheck.assert(
      FastCheck.property(
        config,
        FastCheck.boolean(),
        traceId,
        traceId,
        FastCheck.constantFrom(...flags),
        (config, trust, theirs, ours, flag) => {
          const sampler = Sampler.make(config, trust, () => ours)
          const decisions = Sampler.decisions(config, trust, () => Trace.ofId(ours))
          const trace = Trace.ofId(theirs)
          const root = sampler.shouldSample(Otel.ROOT_CONTEXT, theirs, "span", Otel.SpanKind.SERVER, {}, [])
          expect(decisions.judge(trace)).toBe(root.decision === SamplingDecision.RECORD_AND_SAMPLED)
          const sampled = flag === Otel.TraceFlags.SAMPLED
          expect(decisions.remote(trace, sampled)).toBe(judged(sampler, theirs, flag))
          expect(decisions.followsLocal ? sampled : decisions.judge(trace)).toBe(judged(sampler, theirs, flag, false))
          // What is said of all traces holds of this one.
          const sampledBelow = judged(sampler, theirs, Otel.TraceFlags.NONE, false)
          expect(decisions.leavesOutBelow && sampledBelow).toBe(false)
          const sampledBelowCaller = judged(sampler, theirs, Otel.TraceFlags.NONE)
          expect(decisions.leavesOutBelowCaller && sampledBelowCaller).toBe(false)
        }
      ),
      { numRuns: 500 }
    )
  })

  it("is a share of the traces as large as it was set, of the ids that it makes itself", () => {
    const { judge } = Sampler.decisions({ _tag: "Ratio", ratio: 0.25, parentBased: true }, true)
    const share = Array.from({ length: 4000 }, () => judge(Trace.begin())).filter(Boolean).length / 4000
    // Ten standard deviations.
    expect(Math.abs(share - 0.25)).toBeLessThan(0.07)
  })
})
