import { Guard } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import { FamilyText } from "../../src/metrics/FamilyText.ts"
import * as Registry from "../../src/metrics/Registry.ts"
import * as Shop from "./shop.ts"

describe("The text of a metric", () => {
  it("keeps bytes of its own, and not the larger buffer of others with them", async () => {
    const registry = Registry.make({
      catalogue: Shop.catalogue,
      scrubber: Shop.scrubber,
      guard: Guard.make(),
      now: Date.now
    })
    const { rows } = await registry.gather(true)
    expect(rows.size).toBeGreaterThan(0)
    for (const family of rows.keys()) {
      const bytes = new FamilyText(family).header("openmetrics")
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
    }
  })
})
