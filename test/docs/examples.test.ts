/** The examples of the documents run: their tests as tests, what they export as a program would have it. */
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors } from "@dawsos/observability/testing"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Examples from "../../scripts/check/Examples.ts"
import * as Documents from "./Documents.ts"

// The README's program runs as a process of its own, in `readme.test.ts`.
const examples = Documents.documents.flatMap((document) => Examples.ofMarkdown(document, Documents.read(document)))
  .filter(({ code }) => !code.includes("runMain"))

const isTest = /^it\.effect\(/m

// In the repository, so that the package's own name resolves; no file of it, as its name begins with a dot.
mkdirSync(Path.join(import.meta.dirname, ".examples"), { recursive: true })
const folder = mkdtempSync(Path.join(import.meta.dirname, ".examples", "run-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** What the module of an example exports; the tests of one belong to the suite that loads it. */
const load = async (example: Examples.Example): Promise<Readonly<Record<string, unknown>>> => {
  const file = Path.join(folder, `${example.file.replaceAll(/[^A-Za-z0-9]+/g, "-")}-${example.line}.ts`)
  writeFileSync(file, example.code)
  return await import(/* @vite-ignore */ file)
}

const exported = (name: string) => {
  const found = examples.find(({ code }) => code.includes(`export const ${name} `))
  return found === undefined ? Promise.reject(new Error(`no example exports ${name}`)) : load(found)
}

/** Runs what an example exports on the test layer, which has all that the examples ask for: that is what is tested. */
const run = (effect: Effect.Effect<unknown, unknown, unknown>) =>
  Effect.exit(effect as Effect.Effect<unknown, unknown>).pipe(Effect.provide(DawsOs.layerTest))

describe("an example", () => {
  it("is found where documents have one", () => {
    assert.isAtLeast(examples.filter(({ code }) => isTest.test(code)).length, 3)
    assert.isAtLeast(examples.filter(({ code }) => !isTest.test(code)).length, 6)
  })

  for (const example of examples.filter(({ code }) => isTest.test(code))) {
    describe(`${example.file}:${example.line}`, async () => {
      await load(example)
    })
  }

  for (const example of examples.filter(({ code }) => !isTest.test(code))) {
    it.effect(`of ${example.file}, line ${example.line}, loads, and what it exports can be run`, () =>
      Effect.gen(function*() {
        const values = Object.values(yield* Effect.promise(() => load(example)))
        assert.isNotEmpty(values)
        for (const value of values) {
          if (!Effect.isEffect(value)) continue
          const exit = yield* run(value)
          assert.isFalse(Exit.isFailure(exit) && Cause.hasDies(exit.cause), String(exit))
        }
      }))
  }

  it.effect("of the monitoring of other metrics is as every lint would have it", () =>
    Effect.gen(function*() {
      const { findings } = yield* Effect.promise(() => exported("findings"))
      assert.deepStrictEqual(findings, [])
    }))

  it.effect("of a job that fails is one event with its boundary, user and tags", () =>
    Effect.gen(function*() {
      const { nightly } = yield* Effect.promise(() => exported("nightly"))
      assert.isTrue(Effect.isEffect(nightly))
      yield* Effect.exit(nightly as Effect.Effect<never, Error>)
      const event = yield* TestErrors.expectEvent({
        type: "Error",
        operation: "pack build",
        tags: { pack: "PP_2026-11-22" },
        user: { role: "analyst" }
      })
      assert.lengthOf(yield* TestErrors.events, 1)
      assert.include(JSON.stringify(event), "no prices")
    }).pipe(Effect.provide(DawsOs.layerTest)))
})
