/**
 * Which traces are kept.
 *
 * OpenTelemetry's samplers, built from the configuration (never from the process environment), and a count of what they
 * leave out: no span processor hears of those spans.
 */
import type { Sampler, SamplingDecision, SamplingResult } from "@opentelemetry/sdk-trace-node"
import { createHmac, randomBytes } from "node:crypto"
import type { Guard } from "../Guard.ts"
import type { SamplerConfig } from "../ObservabilityConfig.ts"
import * as Sdk from "./Sdk.ts"
import * as Trace from "./Trace.ts"

/**
 * The sampler of a configuration.
 *
 * With `trustRemoteSampled` false a caller's sampled flag is ignored and the trace judged as if it began here, so that
 * nobody outside can force or hide sampling; the decision of a local parent holds in any case. Nor does the caller's
 * trace id decide then: whoever knows the ratio can choose one that is always, or never, among those that are kept.
 */
export const make = (
  config: SamplerConfig,
  trustRemoteSampled: boolean,
  newTraceId: () => string = () => randomBytes(16).toString("hex")
): Sampler => {
  const { ParentBasedSampler } = Sdk.tracing()
  const root = rootSampler(config)
  if (trustRemoteSampled) return config.parentBased ? new ParentBasedSampler({ root }) : root
  if (config._tag !== "Ratio") {
    return config.parentBased
      ? new ParentBasedSampler({ root, remoteParentSampled: root, remoteParentNotSampled: root })
      : root
  }
  const remote: Sampler = {
    shouldSample: (context, _traceId, ...rest) => root.shouldSample(context, newTraceId(), ...rest),
    toString: () => `WithoutRemoteTraceId{${root.toString()}}`
  }
  return new ParentBasedSampler({ root, remoteParentSampled: remote, remoteParentNotSampled: remote })
}

/** The same decisions for our own tracer, which asks neither for text of ids nor for OpenTelemetry's contexts. */
export interface Decisions {
  /** Whether a span whose parent is in this process is sampled as that is, without being judged. */
  readonly followsLocal: boolean
  /** Judges what nobody has judged before. */
  readonly judge: (trace: Trace.Trace) => boolean
  /** Decides on what a caller began, given the caller's flag. */
  readonly remote: (trace: Trace.Trace, sampled: boolean) => boolean
  /** Whether nothing is ever sampled below an unsampled span of this process. */
  readonly leavesOutBelow: boolean
  /** Whether nothing is ever sampled right below a caller that is not. */
  readonly leavesOutBelowCaller: boolean
}

/** What `make` makes, as {@link Decisions}; a property holds the two together. */
export const decisions = (
  config: SamplerConfig,
  trustRemoteSampled: boolean,
  newTrace: () => Trace.Trace = Trace.begin
): Decisions => {
  const judge = judging(config)
  const isOff = config._tag === "AlwaysOff"
  if (trustRemoteSampled) {
    const { parentBased } = config
    return {
      followsLocal: parentBased,
      judge,
      remote: parentBased ? (_trace, sampled) => sampled : judge,
      leavesOutBelow: isOff || parentBased,
      leavesOutBelowCaller: isOff || parentBased
    }
  }
  return config._tag === "Ratio"
    ? {
      followsLocal: true,
      judge,
      remote: () => judge(newTrace()),
      leavesOutBelow: true,
      leavesOutBelowCaller: false
    }
    : {
      followsLocal: config.parentBased,
      judge,
      remote: judge,
      leavesOutBelow: isOff || config.parentBased,
      leavesOutBelowCaller: isOff
    }
}

const judging = (config: SamplerConfig): (trace: Trace.Trace) => boolean => {
  switch (config._tag) {
    case "AlwaysOn":
      return () => true
    case "AlwaysOff":
      return () => false
    case "Ratio": {
      // As OpenTelemetry's sampler has it, so that every process keeps the same traces.
      const below = config.ratio >= 1 ? 2 ** 32 : Math.floor(config.ratio * (2 ** 32 - 1))
      return ({ word0, word1, word2, word3 }) => ((word0 ^ word1 ^ word2 ^ word3) >>> 0) < below
    }
  }
}

const rootSampler = (config: SamplerConfig): Sampler => {
  const { AlwaysOffSampler, AlwaysOnSampler, TraceIdRatioBasedSampler } = Sdk.tracing()
  switch (config._tag) {
    case "AlwaysOn":
      return new AlwaysOnSampler()
    case "AlwaysOff":
      return new AlwaysOffSampler()
    case "Ratio":
      return new TraceIdRatioBasedSampler(config.ratio)
  }
}

/** A sampler that reports each span that it leaves out; a fault of the sampler leaves the span out too. */
export const counting = (sampler: Sampler, guard: Guard, onUnsampled: () => void): Sampler => ({
  shouldSample: (...args) => {
    const result = guard.run<SamplingResult>("tracer", () => sampler.shouldSample(...args), () => notRecorded)
    if (result.decision === notRecorded.decision) onUnsampled()
    return result
  },
  toString: () => String(sampler)
})

/** Leaves every span out: for those that the program itself asks not to sample. */
export const never = (): Sampler => new (Sdk.tracing().AlwaysOffSampler)()

const notRecorded: SamplingResult = { decision: 0 satisfies SamplingDecision.NOT_RECORD }

/** Takes a share of all traces, by trace id: all spans of a trace or none, in every process alike. */
export const byTraceId = (ratio: number): (traceId: string) => boolean => {
  const judge = judging({ _tag: "Ratio", ratio, parentBased: false })
  return (traceId) => judge(Trace.ofId(traceId))
}

/**
 * The same for trace ids that anybody may have chosen: a key of this process decides with them, so that nobody outside
 * can choose one that is always, or never, taken. Other processes take other traces.
 */
export const byKeyedTraceId = (ratio: number, key: Uint8Array = randomBytes(32)): (traceId: string) => boolean => {
  const below = ratio * 2 ** 32
  return (traceId) => createHmac("sha256", key).update(traceId).digest().readUInt32BE(0) < below
}
