import { Scrubber } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import * as EventScrubber from "../../src/errors/EventScrubber.ts"
import * as Events from "./Events.ts"

const secrets = ["Bearer abc.def.ghi", "jane.doe@example.com", "?apikey=sk-5f2d9c1e7b3a4086", "password=hunter2"]

const stack = "    at quote (file:///srv/app/src/quote.ts:1:2)\n    at async main (file:///srv/app/src/main.ts:3:4)"

const eventOf = (text: string, at: number): ErrorEvent => ({
  ...Events.eventOf(text),
  operation: `operation ${at} ${text}`,
  transaction: text,
  message: text,
  exceptions: [
    {
      type: text,
      value: text,
      stack: `${stack}\n    at ${text} (main.ts:${at}:1)`,
      parent: undefined,
      source: undefined
    }
  ],
  user: { id: text, role: text, email: text },
  tags: { [text]: text, token: text },
  extra: { token: text, nested: { text } },
  breadcrumbs: [{ category: text, message: text, level: "info", timestamp: at, data: { text, token: text } }]
})

const texts = fc.tuple(fc.constantFrom("", "call ", "GET https://provider.example/"), fc.constantFrom("", ...secrets))
  .map((parts) => parts.join(""))

describe("an event as it may leave", () => {
  it("is the same whatever was scrubbed before it", () => {
    const one = fc.tuple(texts, fc.nat({ max: 3 })).map(([text, at]) => eventOf(text, at))
    fc.assert(fc.property(fc.array(one, { maxLength: 8 }), fc.boolean(), (events, sendEmail) => {
      const options = () => ({ scrubber: Scrubber.make(), sendEmail })
      const scrub = EventScrubber.make(options())
      for (const event of events) {
        const before = structuredClone(event)
        assert.deepStrictEqual(scrub(event), EventScrubber.make(options())(event))
        assert.deepStrictEqual(event, before)
      }
    }))
  })

  it("has no secret left in any of its parts", () => {
    const scrub = EventScrubber.make({ scrubber: Scrubber.make(), sendEmail: false })
    for (const secret of secrets) {
      for (let time = 0; time < 3; time++) {
        const shown = JSON.stringify(scrub(eventOf(`call ${secret}`, time)))
        assert.notMatch(shown, /abc\.def|jane|sk-5f2d|hunter2/)
      }
    }
  })

  it("costs one search for the stack and the names that events have in common, and one each for what they say", () => {
    let searched: Array<string> = []
    const scrubber = Scrubber.make()
    const scrub = EventScrubber.make({
      scrubber: {
        ...scrubber,
        text: (text) => {
          searched.push(text)
          return scrubber.text(text)
        }
      },
      sendEmail: false
    })
    const event = { ...eventOf("PriceMissing", 0), message: undefined }
    scrub(event)
    assert.include(searched, event.exceptions[0]!.stack)
    searched = []
    scrub({ ...event, exceptions: [{ ...event.exceptions[0]!, value: "another one" }] })
    assert.deepStrictEqual(searched, ["another one", "PriceMissing", "PriceMissing"])
  })
})
