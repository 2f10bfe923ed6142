/** What SECURITY.md says is not sent at all: words that no scrubber takes for a secret, and that are nowhere all the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Item } from "./Item.ts"
import * as ReferenceProgram from "./ReferenceProgram.ts"
import * as Search from "./Search.ts"

const words = {
  "the body of a request": "quietbodyword",
  "a header of a request": "quietheaderword",
  "a body that is sent": "quietsentbodyword",
  "a header that is sent": "quietsentheaderword",
  "a parameter of SQL": "quietparameterword",
  "a parameter that Postgres repeats": "quietrepeatedword",
  "a literal of SQL": "quietliteralword",
  "the environment": "quietenvironmentword",
  "the user's e-mail address": "ada@example.com"
}

const item = (marker: string, word: string): Item => ({ marker, entries: [{ key: "note", value: word, text: word }] })

describe("not sent by the reference program", () => {
  it.live(
    "are bodies, headers, parameters and literals of SQL, local variables, source lines, the environment, the e-mail address",
    () =>
      Effect.gen(function*() {
        const program = yield* ReferenceProgram.run("otlp", {
          scrubber: "on",
          env: { QUIET_NOTE: words["the environment"] }
        })
        yield* program.api({
          method: "POST",
          target: "/v1/execute?zqrequestqz=1",
          headers: { "content-type": "application/json", "x-note": words["a header of a request"] },
          body: JSON.stringify({ pattern_id: words["the body of a request"] })
        })
        const probes = [
          ["client body", "zqclientbodyqz", words["a body that is sent"]],
          ["client headers", "zqclientheaderqz", words["a header that is sent"]],
          ["sql parameter", "zqparameterqz", words["a parameter of SQL"]],
          ["sql syntax", "zqrepeatedqz", words["a parameter that Postgres repeats"]],
          ["sql text", "zqliteralqz", words["a literal of SQL"]],
          ["event", "zqeventqz", "a word"]
        ] as const
        for (const [probe, marker, word] of probes) yield* program.probe(probe, [item(marker, word)])
        const captured = yield* program.end

        const needles = new Search.Needles(Object.values(words))
        const leaving = [...captured].filter(([way]) => way !== "answers")
        const found = leaving.flatMap(([way, parts]) =>
          parts.flatMap((part) => needles.find(part).map(({ around, needle }) => `${needle} on ${way}: ${around}`))
        )
        assert.deepStrictEqual(found, [])

        const text = (way: string) => Buffer.concat(captured.get(way) ?? []).toString("latin1")
        for (const marker of ["zqrequestqz", "zqclientbodyqz", "zqclientheaderqz", "zqliteralqz"]) {
          assert.include(text("otlp"), marker)
        }
        assert.include(text("otlp"), "::text as note")
        assert.include(text("sentry"), "zqeventqz")
        assert.notMatch(text("sentry"), /"(vars|context_line|pre_context|post_context)"/)
      }),
    600_000
  )
})
