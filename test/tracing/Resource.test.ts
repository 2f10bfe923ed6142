import { assert, describe, it } from "@effect/vitest"
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources"
import * as Resource from "../../src/tracing/Resource.ts"
import type { SpanScrubber } from "../../src/tracing/ScrubbedSpan.ts"

const scrubber: SpanScrubber = { text: (text) => text, attributes: (attributes) => attributes, url: (url) => url }

const resource = (resourceAttributes: Readonly<Record<string, string>>) =>
  Resource.make({ name: "shop", version: "1.2.3", environment: "production", resourceAttributes }, scrubber)

describe("Who the spans are from", () => {
  it("is said as OpenTelemetry's own resource would say it, in the same order", () => {
    for (const given of [{}, { team: "risk" }, { "telemetry.sdk.name": "another", "service.instance.id": "one" }]) {
      const own = resource(given)
      const known = Object.fromEntries(
        Object.entries(own.attributes).filter(([name]) => !name.startsWith("telemetry.") || name in given)
      )
      const theirs = defaultResource().merge(resourceFromAttributes(known))
      assert.deepStrictEqual(Object.entries(own.attributes), Object.entries(theirs.attributes))
      assert.deepStrictEqual(
        own.getRawAttributes(),
        theirs.getRawAttributes().filter(([name], index, all) => all.findIndex(([other]) => other === name) === index)
      )
      assert.isFalse(own.asyncAttributesPending)
    }
  })

  it("is the service that the configuration names, whatever its attributes say", () => {
    const { attributes } = resource({ "service.name": "another", team: "risk" })
    assert.include(attributes, {
      "service.name": "shop",
      "service.version": "1.2.3",
      "deployment.environment.name": "production",
      team: "risk"
    })
  })

  it("has no version where nobody told one", () => {
    const service = { name: "shop", version: undefined, environment: "production", resourceAttributes: {} }
    assert.notProperty(Resource.make(service, scrubber).attributes, "service.version")
  })

  it("says of its SDK what its attributes say, where they do", () => {
    assert.strictEqual(resource({ "telemetry.sdk.name": "another" }).attributes["telemetry.sdk.name"], "another")
  })

  it("can be merged with another resource, which wins", () => {
    const merged = resource({ team: "risk" }).merge(resourceFromAttributes({ team: "trading", region: "eu" }))
    assert.include(merged.attributes, { "service.name": "shop", team: "trading", region: "eu" })
  })
})
