import type { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Accounts from "../../src/scrubber/Accounts.ts"
import * as Base64 from "../../src/scrubber/Base64.ts"
import * as Bytes from "../../src/scrubber/Bytes.ts"
import * as Credentials from "../../src/scrubber/Credentials.ts"
import { compile } from "../../src/scrubber/Detector.ts"
import * as Encoding from "../../src/scrubber/Encoding.ts"
import * as Keys from "../../src/scrubber/Keys.ts"
import * as Pairs from "../../src/scrubber/Pairs.ts"
import * as Paths from "../../src/scrubber/Paths.ts"
import * as Personal from "../../src/scrubber/Personal.ts"
import * as Phones from "../../src/scrubber/Phones.ts"
import * as Postgres from "../../src/scrubber/Postgres.ts"
import * as Prose from "../../src/scrubber/Prose.ts"
import * as ProviderKeys from "../../src/scrubber/ProviderKeys.ts"
import * as Urls from "../../src/scrubber/Urls.ts"
import * as Worded from "../../src/scrubber/Worded.ts"
import { encodings, inContext, secretShapes } from "../support/Secrets.ts"

const judge = Keys.make({ sensitiveKeys: [], identifierKeys: [], allowedKeys: [] })

const fail = (fault: unknown): void => assert.fail(String(fault))

const isDetector = (value: unknown): value is Scrubber.Detector =>
  typeof value === "object" && value !== null && "find" in value && "triggers" in value

const detectors: ReadonlyArray<Scrubber.Detector> = [
  ...[
    Accounts,
    Base64,
    Bytes,
    Credentials,
    Encoding,
    Personal,
    Phones,
    Postgres,
    Prose,
    ProviderKeys,
    Urls,
    Worded
  ].flatMap((module) => Object.values(module).filter(isDetector)),
  Pairs.pairDetector(judge),
  Pairs.flagDetector(judge),
  Prose.proseDetector(judge),
  Prose.elementDetector(judge),
  Paths.pathDetector([...Paths.paths, "/x/:id", "/y*/of/:id"])
]

/** What is decoded counts as a secret where it is long, so that detectors of encodings find something as well. */
const nested = (text: string): string => text.length > 10 ? "[redacted]" : text

const finds = ({ find }: Scrubber.Detector, text: string): boolean => {
  let found = false
  find(text, (start, end, replacement) => found ||= text.slice(start, end) !== replacement, nested)
  return found
}

const passes = new Map(detectors.map((detector) => [detector, compile([detector], fail)]))

/** The detectors that find something in a text, and those that a pass runs on it. */
const compared = (text: string) => {
  const finding = detectors.filter((detector) => finds(detector, text))
  const run = finding.filter((detector) => passes.get(detector)?.(text, nested) !== text)
  return { finding, run }
}

const names = (list: ReadonlyArray<Scrubber.Detector>): ReadonlyArray<string> => list.map(({ name }) => name)

// What no shape of a secret has.
const more = [
  "GET x/p-17 done",
  "x/p-17",
  "GET /%61pi/metrics/p-17",
  "yes/of/p-17",
  "\u00a0y2/of/p-17",
  "http://host/api/m%65trics/p-17",
  "oracle:thin:scott/tiger@//host",
  "Failing row contains (1, ada).",
  "invalid input value for enum mood: \"sad\"",
  "curl -u ada:hunter2 x",
  "Tel.\u00a0030 901820",
  "BASIC dXNlcjpwYXNz, bEARER abcdef1, diGEST a=\"b\"",
  "portfolio 3f2a9c1b-5d6e-4f70-8a9b-0c1d2e3f4a5b",
  "--password hunter2",
  "<password>hunter2</password>",
  "call me on 415-555-2671 or +49 30 901820",
  "a+b%40c.de <Buffer 6e 70>",
  "a 4111 1111 1111 1111 b",
  "DE89 3704 0044 0532 0130 00",
  "Invalid API key 0a1b2c3d4e5f60718293"
]

const secrets = secretShapes.flatMap((shape) =>
  encodings.flatMap(({ encode }) => {
    const { text } = shape.make(7)
    return [encode(text), inContext(shape, encode(text))]
  })
)

describe("What a detector says that it needs", () => {
  it("is in every text in which it finds something", () => {
    const seen = new Set<string>()
    for (const text of [...secrets, ...more]) {
      const { finding, run } = compared(text)
      assert.deepStrictEqual(names(run), names(finding), text)
      for (const { name } of finding) seen.add(name)
    }
    assert.deepStrictEqual(names(detectors).filter((name) => !seen.has(name)), [])
  })

  it("is there whatever stands around it, and at the beginning and the end", () => {
    const any = fc.constantFrom("", " ", "/", "é", "\u00a0", "'", "x", "0", ": ", "\n", "-", "%20", "\"")
    fc.assert(
      fc.property(any, fc.constantFrom(...secrets, ...more), any, (before, text, after) => {
        const { finding, run } = compared(before + text + after)
        assert.deepStrictEqual(names(run), names(finding))
      }),
      { numRuns: 2_000 }
    )
  })

  it("may be beyond ASCII: then every text with such a character is looked at", () => {
    const found = (parts: Pick<Scrubber.Detector, "triggers" | "pairs">, text: string) => {
      const detector: Scrubber.Detector = {
        name: "own",
        ...parts,
        find: (text, found) => found(0, text.length, "seen")
      }
      return compile([detector], fail)(text, nested)
    }
    assert.strictEqual(found({ triggers: "\u00e9" }, "caf\u00e9"), "seen")
    assert.strictEqual(found({ triggers: "", pairs: ["f\u00e9"] }, "caf\u00e9"), "seen")
    assert.strictEqual(found({ triggers: "\u00e9" }, "cafi"), "cafi")
  })

  it("is a character, or two side by side, or both, however many detectors there are", () => {
    const marking = (name: string, triggers: string, pairs?: ReadonlyArray<string>): Scrubber.Detector => ({
      name,
      triggers,
      ...(pairs === undefined ? {} : { pairs }),
      find: (text, found) => found(text.length, text.length, `+${name}`)
    })
    const others = Array.from({ length: 40 }, (_, i) => marking(`${i}`, String.fromCharCode(65 + i)))
    for (const before of [[], others]) {
      const pass = compile([
        ...before,
        marking("char", "#"),
        marking("pair", "", ["ab"]),
        marking("both", "#", ["ab"]),
        marking("foreign", "", ["\0!"]),
        marking("first", "", ["\x7f!"]),
        marking("single", "", ["~"])
      ], fail)
      const run = (text: string) =>
        pass(text, nested).slice(text.length).split("+").filter((name) => !/^\d*$/.test(name))
      // Where there are many, some run in vain; none is left out.
      const includes = (text: string, expected: ReadonlyArray<string>) =>
        before.length > 0
          ? assert.includeMembers(run(text), [...expected])
          : assert.deepStrictEqual(run(text), expected)
      const all = pass(String.fromCharCode(...others.map((_, i) => 65 + i)), nested)
      for (const { name } of before) assert.include(`${all}+`, `+${name}+`)
      includes("x#x", ["char"])
      includes("xabx", ["pair"])
      includes("ba", [])
      includes("#ab", ["char", "pair", "both"])
      includes("é!", ["foreign"])
      includes("!", ["first"])
      includes("x~", ["single"])
      includes("~", ["single"])
    }
  })
})
