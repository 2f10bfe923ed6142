import * as Data from "effect/Data"
import type { Detector } from "./Detector.ts"
import { refusePath } from "./Paths.ts"
import type { Limits } from "./Walker.ts"

/** Additions to the policy. Everything is added to the defaults; only `allowedKeys` takes something away from them. */
export interface ScrubberOptions {
  /** Words of keys whose values are secrets, in any style: `"fund code"` covers `fundCode`, `FUND_CODE`, `x-fund-code`. */
  readonly sensitiveKeys?: ReadonlyArray<string>
  /** Last words of keys whose values are ids of people or portfolios. */
  readonly identifierKeys?: ReadonlyArray<string>
  /** Whole keys that are harmless although their words say otherwise; their values are still searched. */
  readonly allowedKeys?: ReadonlyArray<string>
  /** Where ids stand in paths, such as `/api/alerts/:id`; `*` is one segment, `**` any number of them. */
  readonly identifierPaths?: ReadonlyArray<string>
  /** Detectors that run after the built-in ones. */
  readonly detectors?: ReadonlyArray<Detector>
  /** How much of a value is read. */
  readonly limits?: Partial<Limits>
  /** Told when a detector throws; the text that it was given is then replaced by `[unreadable]`. */
  readonly onFault?: (fault: unknown) => void
}

/** An option that can't be used: which one, its value, and what is allowed. */
export class ScrubberOptionsError extends Data.TaggedError("ScrubberOptionsError")<{
  readonly option: string
  readonly value: unknown
  readonly allowed: string
}> {
  override get message(): string {
    return `Scrubber option ${this.option}: ${JSON.stringify(this.value)} is not ${this.allowed}`
  }
}

/** The default bounds: a large error with its causes fits, a heap dump does not. */
export const limits: Limits = {
  depth: 16,
  breadth: 512,
  entries: 10_000,
  length: 16_384,
  totalLength: 262_144
}

/** The bounds that the options ask for. Throws `ScrubberOptionsError` for an option that can't be used. */
export const check = (options: ScrubberOptions): Limits => {
  const bounds = { ...limits, ...options.limits }
  for (const [name, value] of Object.entries(bounds)) {
    const least = name === "length" ? 256 : 1
    const most = name === "depth" ? 64 : Number.MAX_SAFE_INTEGER
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new ScrubberOptionsError({
        option: `limits.${name}`,
        value,
        allowed: `an integer from ${least} to ${most}`
      })
    }
  }
  for (const path of options.identifierPaths ?? []) {
    const allowed = refusePath(path)
    if (allowed !== undefined) {
      throw new ScrubberOptionsError({ option: "identifierPaths", value: path, allowed: `a path with ${allowed}` })
    }
  }
  for (const [index, detector] of (options.detectors ?? []).entries()) checkDetector(detector, index)
  return bounds
}

/** What every detector has, as programs must be told that nobody type-checks. */
const partsOfDetector = { name: "string", triggers: "string", find: "function" } as const

const checkDetector = (detector: Detector, index: number): void => {
  for (const [part, type] of Object.entries(partsOfDetector)) {
    const value: unknown = Reflect.get(detector, part)
    if (typeof value !== type) {
      throw new ScrubberOptionsError({ option: `detectors[${index}].${part}`, value, allowed: `a ${type}` })
    }
  }
}
