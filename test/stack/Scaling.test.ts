// The files with shorter durations are the generated files in everything else: no threshold, label or route differs.
import { defaults } from "@dawsos/observability/dawsos/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as Yaml from "yaml"
import { duration } from "../../src/mixin/promql/Parse.ts"
import * as Durations from "./support/Durations.ts"
import * as Generation from "./support/Generation.ts"
import * as Substitution from "./support/Substitution.ts"

/** The keys of Prometheus's and Alertmanager's files whose value is a duration. */
const keys = [
  "scrape_interval",
  "scrape_timeout",
  "evaluation_interval",
  "interval",
  "for",
  "keep_firing_for",
  "group_wait",
  "group_interval",
  "repeat_interval"
]

/** Ranges, steps and offsets of an expression as `…`, and what stood there; texts between quotes stay. */
const taken = (expression: string): { readonly rest: string; readonly durations: ReadonlyArray<string> } => {
  const durations: Array<string> = []
  const rest = expression.replace(/"(?:\\.|[^"\\])*"|\[[^\]]*\]|\boffset\s+\S+/g, (found) => {
    if (found.startsWith("\"")) return found
    return found.replace(/\d[\da-z]*/g, (one) => {
      durations.push(one)
      return "…"
    })
  })
  return { rest, durations }
}

interface Leaf {
  readonly path: string
  readonly key: string
  readonly value: unknown
}

const leaves = (value: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<Leaf> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : [{ path: path.join("."), key: path.at(-1) ?? "", value }]

/** What a duration becomes: a scrape or an evaluation a second takes place still, and nothing is shorter than a ms. */
const divided = (text: string, factor: number, least: number): number => {
  const before = duration(text) ?? Number.NaN
  return Math.max(Math.round(before / factor), Math.min(before, least))
}

const perSecond = new Set(["scrape_interval", "scrape_timeout", "evaluation_interval", "interval"])

describe("files with scaled durations", () => {
  for (const factor of [2, 10, Durations.maxFactor]) {
    for (const { content, path } of Generation.files(defaults)) {
      it(`${path} divided by ${factor} differs in durations only, and in all of them`, () => {
        const before = leaves(Yaml.parse(content))
        const after = leaves(Yaml.parse(Substitution.yaml(content, Durations.edit(factor))))
        expect(after.map((leaf) => leaf.path)).toEqual(before.map((leaf) => leaf.path))
        let found = 0
        before.forEach((leaf, n) => {
          const scaled = after[n]?.value
          if (keys.includes(leaf.key)) {
            found++
            expect({ [leaf.path]: duration(String(scaled)) }).toEqual({
              [leaf.path]: divided(String(leaf.value), factor, perSecond.has(leaf.key) ? 1000 : 1)
            })
          } else if (leaf.key === "expr") {
            const was = taken(String(leaf.value))
            const is = taken(String(scaled))
            found += was.durations.length
            expect(is.rest).toBe(was.rest)
            expect(is.durations.map((one) => duration(one))).toEqual(
              was.durations.map((one) => divided(one, factor, 1))
            )
          } else {
            expect({ [leaf.path]: scaled }).toEqual({ [leaf.path]: leaf.value })
          }
        })
        expect(found).toBeGreaterThan(0)
      })
    }
  }
})
