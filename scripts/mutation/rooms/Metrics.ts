// The metrics room.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/metrics/Cells.ts",
    ["test/metrics/Metrics.test.ts"],
    ["a counter does not fall", "amount >= 0 && ", ""],
    ["a value on a bound is in its bucket", "value > this.bounds[bucket]!", "value >= this.bounds[bucket]!"],
    ["a histogram takes no NaN", "if (!isFinite(value) || value < 0", "if (value < 0"]
  ),
  inFile(
    "src/metrics/Family.ts",
    ["test/metrics/Metrics.test.ts"],
    ["the series of a metric are capped", "if (this.all.length < Catalogue.maxSeriesPerMetric)", "if (true)"],
    ["what overflows is counted", "if (taken) family.overflow(labels)", ""],
    ["known label sets show at 0", "if (definition.kind !== \"gauge\") this", "if (false) this"]
  ),
  inFile(
    "src/metrics/Labels.ts",
    ["test/metrics/Labels.test.ts"],
    ["the values of a label are capped", "if (distinct.size >= label.max) return", "if (false) return"],
    ["label values are scrubbed", "scrub(raw).toWellFormed()", "raw.toWellFormed()"]
  ),
  inFile(
    "src/metrics/Registry.ts",
    ["test/metrics/Collectors.test.ts"],
    ["the books of a page are of one moment", "gathered.set(entry, entry.now())", "void entry"]
  ),
  inFile(
    "src/metrics/Registry.ts",
    ["test/metrics/Metrics.test.ts"],
    ["an age is told in seconds", "(now() - value) / 1000", "(now() - value)"],
    [
      "a definition whose name is taken gives way",
      "if (Catalogue.claimedNames(definition).some((name) => claims.has(name))) {",
      "if (false) {"
    ],
    [
      "a collector that throws costs its own metric only",
      "books.scrapeFailed(definition.name, fault)",
      "throw fault"
    ]
  ),
  inFile(
    "src/metrics/Exposition.ts",
    ["test/metrics/Exposition.test.ts"],
    [
      "a metric that can't be written costs its own series only",
      "books.scrapeFailed(metric.name, fault)",
      "throw fault"
    ],
    [
      "of two metrics of one name the catalogue's is shown",
      "if (claims.some((name) => claimed.has(name)))",
      "if (false)"
    ],
    ["OpenMetrics ends in EOF", "as === \"openmetrics\" ? \"# EOF\\n\" : \"\"", "\"\""],
    ["an exemplar names its trace", "labelSet: { trace_id: ", "labelSet: { trace: "]
  ),
  inFile(
    "src/metrics/EffectMetrics.ts",
    ["test/metrics/Exposition.test.ts"],
    ["a counter that may fall is a gauge", "type: incremental ? \"counter\" : \"gauge\"", "type: \"counter\""]
  ),
  inFile(
    "src/metrics/MetricsServer.ts",
    ["test/metrics/MetricsServer.test.ts"],
    [
      "only the right token opens the metrics",
      "return timingSafeEqual(",
      "return presented !== \"\" || timingSafeEqual("
    ]
  ),
  inFile(
    "src/metrics/Negotiation.ts",
    ["test/metrics/Negotiation.test.ts"],
    ["of equal wishes OpenMetrics is written", "openMetrics >= text", "openMetrics > text"],
    ["an unknown version of OpenMetrics is not promised", "openMetricsVersions.has(version) ? 3", "true ? 3"]
  ),
  inFile(
    "src/metrics/Numbers.ts",
    ["test/metrics/Numbers.test.ts"],
    ["a bound is written as Go does", "power >= 6", "power >= 21"]
  ),
  inFile(
    "src/metrics/RuntimeMetrics.ts",
    ["test/metrics/RuntimeMetrics.test.ts"],
    ["the last layer stops what watches Node", "if (users === 0) stop()", ""]
  )
].flat()
