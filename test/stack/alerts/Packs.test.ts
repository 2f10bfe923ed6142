// Pricing packs beyond their age: unknown, and never built to the end.
import { metrics } from "@dawsos/observability/dawsos"
import { describe } from "vitest"
import { cases, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { age, counter, gauge, later, type Phase, series } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H

describe("PricingPackMetricMissing", () => {
  const unknown = H.without(metrics.pricingPackFreshness.name)
  cases("PricingPackMetricMissing", [
    {
      name: "fires a quarter of an hour after the program runs without an age",
      from: unknown,
      fires: {
        "14m": [],
        "16m": ["PricingPackMetricMissing"]
      }
    },
    {
      name: "fires where nothing is scraped at all",
      noData: true,
      from: {},
      fires: { "14m": [], "16m": ["PricingPackMetricMissing"] }
    },
    {
      name: "is quiet while the age is known, however old",
      with: { [H.freshness]: age(80_000, minutes) },
      fires: {
        "20m": []
      }
    },
    {
      name: "fires for the one job of two that does not know",
      with: { [`dawsos_system_info{job="other",instance="b:8001"}`]: gauge([minutes, 1]) },
      fires: { "20m": ["PricingPackMetricMissing"] }
    },
    {
      name: "is quiet while the first pack is built",
      with: { [H.freshness]: later(12, age(0, 70)) },
      fires: { "11m": [], "16m": [], "40m": [] }
    },
    {
      name: "is quiet when each restart forgets the age for a few minutes",
      with: {
        [H.freshness]: Array.from({ length: 91 }, (_, n) => (n % 20 < 5 ? "_" : String(n % 20 * 60))).join(" ")
      },
      fires: { "23m": [], "64m": [] }
    }
  ])
})

describe("PricingPackBuildStuck", () => {
  const warming = (...phases: ReadonlyArray<Phase>) => ({
    [H.pack("warming")]: gauge(...phases),
    [H.pack("fresh")]: gauge(...phases.map(([length, value]) => [length, 1 - value] as const))
  })
  // Two minutes up, in which a pack is built, and one scrape of every seven that fails.
  const crashing = (hours: number): H.SeriesSet => {
    const scrapes = hours * 180
    const each = (value: (sinceStart: number) => number) =>
      Array.from({ length: scrapes + 1 }, (_, n) => n % 7 === 6 ? "stale" : String(value(n % 7))).join(" ")
    return {
      [H.up("dawsos", "a:8001")]: Array.from({ length: scrapes + 1 }, (_, n) => n % 7 === 6 ? 0 : 1).join(" "),
      [series(metrics.systemInfo.name, { version: "1", environment: "test", node_version: "24" })]: each(() => 1),
      [H.freshness]: each(() => 80_000),
      [H.pack("warming")]: each(() => 1),
      [H.pack("fresh")]: each(() => 0),
      [H.execute("200")]: each(() => 0),
      [H.execute("503")]: each((n) => n * 200)
    }
  }
  cases("PricingPackBuildStuck", [
    {
      name: "fires after half an hour of building",
      with: warming([10, 0], [60, 1], [20, 0]),
      fires: {
        "39m": [],
        "42m": ["PricingPackBuildStuck"],
        "77m": []
      }
    },
    {
      name: "is quiet on a build of ten minutes",
      with: warming([10, 0], [10, 1], [70, 0]),
      fires: {
        "15m": [],
        "20m": [],
        "50m": []
      }
    },
    {
      name: "is quiet where the status is not told",
      noData: true,
      from: H.without(metrics.pricingPackStatus.name),
      fires: {
        "60m": []
      }
    },
    {
      name: "is quiet on builds of ten minutes with twenty minutes between them",
      with: warming([10, 0], [10, 1], [20, 0], [10, 1], [20, 0], [10, 1], [10, 0]),
      fires: { "52m": [], "75m": [], "85m": [] }
    },
    {
      name: "fires where a program ends during each build and answers nothing but 503 in between",
      interval: "20s",
      from: crashing(3),
      fires: {
        "29m": [],
        "32m": ["PricingPackBuildStuck"],
        "1h": ["PricingPackBuildStuck"],
        "2h59m": ["PricingPackBuildStuck"]
      }
    },
    {
      name: "takes over from the excuse of HighErrorRate: users who get 503 for an hour are noticed",
      with: {
        ...warming([10, 0], [80, 1]),
        [H.execute("200")]: counter([10, 10], [80, 0]),
        [H.execute("503")]: counter([10, 0], [80, 10])
      },
      fires: { "39m": [], "42m": ["PricingPackBuildStuck"] }
    }
  ])
})

describe("what a person reads", () => {
  notices([
    {
      alert: "PricingPackMetricMissing",
      from: H.without(metrics.pricingPackFreshness.name),
      at: "20m",
      labels: { job: "dawsos", severity: "critical" },
      summary: "Nobody knows how old the pricing pack is",
      description: "The age of the pricing pack is not known for dawsos, so PricingPackStale can't fire.",
      dashboard: "dawsos-pricing-packs"
    },
    {
      alert: "PricingPackMetricMissing",
      from: {},
      at: "20m",
      // With the job, so that it is held back by TargetDown.
      labels: { job: "dawsos", severity: "critical" },
      summary: "Nobody knows how old the pricing pack is",
      description: "The age of the pricing pack is not known for dawsos, so PricingPackStale can't fire.",
      dashboard: "dawsos-pricing-packs"
    },
    {
      alert: "PricingPackBuildStuck",
      with: { [H.pack("warming")]: gauge([minutes, 1]) },
      at: "40m",
      labels: { job: "dawsos", severity: "critical" },
      summary: "The build of a pricing pack does not end",
      description: "dawsos has been building a pricing pack for more than 30m 0s, pauses of less than five minutes " +
        "included; requests that need a fresh one get 503 meanwhile.",
      dashboard: "dawsos-pricing-packs"
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("Packs")
})
