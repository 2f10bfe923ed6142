import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Listed from "../../src/scrubber/Listed.ts"

const scrubber = Scrubber.make()

const keys = FastCheck.oneof(
  FastCheck.constantFrom(
    "http.route",
    "url.path",
    "url.full",
    "url.query",
    "db.query.text",
    "user_id",
    "portfolio_ids",
    "id",
    "password",
    "max_tokens",
    "rawHeaders",
    "trace_id",
    "ann@example.com",
    "Bearer abcdefghijklmnop",
    "[truncated]",
    "__proto__",
    "7"
  ),
  FastCheck.string()
)

const text = FastCheck.oneof(
  FastCheck.constantFrom(
    "ok",
    "https://u:p@example.com/v3/quote?apikey=12345",
    "password=hunter22",
    "{\"token\":\"abcdefgh\"}",
    "0af7651916cd43dd8448eb211c80319c",
    "portfolio 11111111-1111-4111-8111-111111111111",
    "x".repeat(20_000)
  ),
  FastCheck.string()
)

const value = FastCheck.oneof(
  text,
  FastCheck.double(),
  FastCheck.boolean(),
  FastCheck.constant(undefined),
  FastCheck.constant(null),
  FastCheck.array(text, { maxLength: 4 })
)

const entries = FastCheck.uniqueArray(FastCheck.tuple(keys, value), { selector: ([key]) => key, maxLength: 20 })

/** The entries of a record, which assigning would make of `__proto__` something else than a name. */
const asRecord = (entries: ReadonlyArray<readonly [string, unknown]>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(entries)

describe("attributes that come as keys and values in turn", () => {
  it("are scrubbed as the record that they stand for", () => {
    const listed = Listed.of(scrubber.attributes)
    let answered = 0
    FastCheck.assert(
      FastCheck.property(entries, (entries) => {
        const shown = listed(entries.flat(1))
        if (shown === undefined) return
        answered++
        assert.deepStrictEqual(shown, Object.entries(scrubber.attributes(asRecord(entries))).flat(1))
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(answered, 100)
  })

  it("are scrubbed the same whatever was found clean before", () => {
    const listed = Listed.of(scrubber.attributes)
    const few = FastCheck.constantFrom("web", "ann@example.org", "hunter2", 3, "5432")
    const said = FastCheck.uniqueArray(
      FastCheck.tuple(FastCheck.constantFrom("shop.channel", "password", "user_id", "shop.items"), few),
      { selector: ([key]) => key }
    )
    let reused = 0
    FastCheck.assert(
      FastCheck.property(said, said, (before, now) => {
        const given = before.flat(1)
        const shown = listed(given)
        if (shown === undefined || shown.some((part, index) => part !== given[index])) return
        reused++
        assert.deepStrictEqual(listed(now.flat(1), shown), listed(now.flat(1)))
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(reused, 100)
  })

  it("are left to the record where a name is not shown as it is, or numbers and marks are names", () => {
    const listed = Listed.of(scrubber.attributes)
    for (const key of ["ann@example.com", "[truncated]", "__proto__", "7"]) {
      assert.isUndefined(listed(["a", 1, key, 2]), key)
    }
    assert.isUndefined(listed(Array.from({ length: 1_026 }, (_, i) => `k${i}`)))
  })

  it("are left to the record by a scrubber that somebody has wrapped", () => {
    const attributes: Scrubber.Scrubber["attributes"] = (record) => ({ ...scrubber.attributes(record), more: 1 })
    const wrapped: Scrubber.Scrubber = { ...scrubber, attributes }
    assert.isUndefined(Listed.of(wrapped.attributes)(["a", 1]))
    assert.deepStrictEqual(Listed.of({ ...scrubber }.attributes)(["a", 1]), ["a", 1])
  })

  it("are unreadable where reading them fails, which is told", () => {
    const faults: Array<unknown> = []
    const failing = Scrubber.make({ onFault: (fault) => faults.push(fault) })
    const broken: ReadonlyArray<unknown> = new Proxy([], {
      get: () => {
        throw new Error("unreadable")
      }
    })
    assert.deepStrictEqual(Listed.of(failing.attributes)(broken), ["[unreadable]", true])
    assert.lengthOf(faults, 1)
  })
})
