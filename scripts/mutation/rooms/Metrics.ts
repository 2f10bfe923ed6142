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
    [
      "the books of a page are of one moment",
      "gathered.set(entry, Patience.isSpent(started) ? Collectors.outOfTime : now())",
      "void [entry, now]"
    ],
    [
      "collectors together have a share of a scrape",
      "Patience.isSpent(started) ? Collectors.outOfTime : now()",
      "now()"
    ],
    [
      "slow collectors take the time from each other, not from the quick ones",
      "Number(one.entry.patience.isTried) - Number(other.entry.patience.isTried)",
      "0"
    ],
    [
      "a collector that fails leaves what others tell of the same gauge",
      "if (definition.kind === \"counter\") throw fault",
      "throw fault"
    ],
    [
      "a counter does not fall for want of one of its collectors",
      "if (definition.kind === \"counter\") throw fault",
      ""
    ]
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
      "books.scrapeFailed(definition.name, fault)\n      return undefined",
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
    "src/metrics/EffectMetrics.ts",
    ["test/metrics/Cardinality.test.ts"],
    ["a metric that can't be read costs itself only", "} catch (fault) {", "} catch (fault) {\n      throw fault"],
    ["Effect's metrics are shown up to a bound of text", "this.#left -= length", "this.#left -= 0"],
    ["what of Effect's metrics is not shown is counted", "known, (this.cut.get(known) ?? 0) + sets", "known, sets"]
  ),
  inFile(
    "src/metrics/Books.ts",
    ["test/metrics/Cardinality.test.ts"],
    [
      "names are counted one by one up to a bound",
      "overflows.size < max ? metric : Catalogue.overflowValue",
      "true ? metric : Catalogue.overflowValue"
    ]
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
    "src/metrics/MetricsServer.ts",
    ["test/metrics/Attacks.test.ts"],
    [
      "the token is compared as a whole, not up to its first wrong letter",
      "return timingSafeEqual(digest(presented.trim()), token)",
      "return digest(presented.trim()).equals(token)"
    ],
    [
      "who sends a request slowly is answered and counted",
      "if (code === \"ERR_HTTP_REQUEST_TIMEOUT\") return \"slow_request\"",
      ""
    ],
    ["of two tokens in one request neither counts", "authorization.length === 1", "authorization.length >= 1"],
    ["the program has the event loop between two scrapes", "const rest = 4", "const rest = 0"],
    ["an upgrade stays within the server's reach", "server.removeAllListeners(\"upgrade\")", ""],
    ["connections that wait make room for others", "server.closeIdleConnections()", ""],
    [
      "who reads nothing can't hold up the end",
      "setTimeout(() => server.closeAllConnections(), gracefulShutdown)",
      "setTimeout(() => {}, gracefulShutdown)"
    ]
  ),
  inFile(
    "src/metrics/Answers.ts",
    ["test/metrics/Attacks.test.ts"],
    ["slow readers hold a bounded part of the heap", "return false", "return true"],
    [
      "scrapers that leave early do not shut the page for good",
      "if (response.closed || response.req.socket.destroyed) return true",
      ""
    ],
    [
      "what waits on a connection that is gone is given back",
      "for (const response of open) this.#release(response)",
      ""
    ],
    ["an answer that is not read in time ends", "setTimeout(() => this.cut(socket)", "setTimeout(() => {}"]
  ),
  inFile(
    "src/metrics/Refusals.ts",
    ["test/metrics/Attacks.test.ts"],
    ["a flood is told in one line", "told.add(reason)", ""]
  ),
  inFile(
    "src/metrics/Asking.ts",
    ["test/metrics/Collectors.test.ts"],
    ["a collector that hangs is not asked again", "if (this.#answer !== undefined) return this.#answer", ""],
    ["a scrape does not wait for a collector that hangs", "Effect.timeoutOption(deadline)", "Effect.asSome"],
    ["what hangs is let go with its scope", "this.#running?.interruptUnsafe()", ""]
  ),
  inFile(
    "src/metrics/Collectors.ts",
    ["test/metrics/Collectors.test.ts"],
    ["a collector's values are capped", "if (values.length === maxCollected)", "if (false)"],
    ["a collector that is slow is stopped", "if (performance.now() - started > Patience.maxHeld)", "if (false)"]
  ),
  inFile(
    "src/metrics/Patience.ts",
    ["test/metrics/Collectors.test.ts"],
    ["a collector that is slow each time is left alone", "if (this.#late > 1) this", "if (false) this"],
    ["it is left alone longer each time", "2 ** (this.#late - 2)", "1"]
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
    "src/tracing/Sampler.ts",
    ["test/tracing/Sampler.test.ts"],
    ["a caller who is not trusted does not choose by its trace id", "newTraceId(), ...rest", "_traceId, ...rest"]
  ),
  inFile(
    "src/tracing/ParentContext.ts",
    ["test/integration/RemoteContext.test.ts"],
    ["the trace of a caller with ids of 64 bits goes on", "span.traceId.length === 16", "false"]
  ),
  inFile(
    "src/metrics/RuntimeMetrics.ts",
    ["test/metrics/RuntimeMetrics.test.ts"],
    ["the last layer stops what watches Node", "if (users === 0) stop()", ""]
  )
].flat()
