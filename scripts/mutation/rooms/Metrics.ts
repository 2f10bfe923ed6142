// The metrics room.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/metrics/Cells.ts",
    ["test/metrics/Metrics.test.ts"],
    [
      "a counter does not fall",
      "if (typeof amount === \"number\" && amount >= 0)",
      "if (typeof amount === \"number\")"
    ],
    ["a value on a bound is in its bucket", "value > bounds[bucket]!", "value >= bounds[bucket]!"],
    [
      "a histogram takes nothing below 0",
      "if (typeof value === \"number\" && value >= 0)",
      "if (typeof value === \"number\")"
    ]
  ),
  inFile(
    "src/metrics/Cells.ts",
    ["test/metrics/Exemplars.test.ts"],
    [
      "an exemplar that can't be read costs itself only",
      "refuse(\"an exemplar of a histogram could not be read\")",
      "throw new Error(\"no\")"
    ]
  ),
  inFile(
    "src/metrics/Rows.ts",
    ["test/metrics/Rows.test.ts"],
    ["rows have no more room than there is", "if (row * this.width === this.#values.length) this.#grow(2 * row)", ""],
    ["more room keeps what was recorded", "values.set(this.#values)", ""],
    ["what was recorded before a series was bound again stays", "if (!isPresent(this.#values[first]!)) this", "this"]
  ),
  inFile(
    "src/metrics/Rows.ts",
    ["test/metrics/Exemplars.test.ts"],
    [
      "more room keeps the exemplars",
      "this.#exemplars = this.#exemplarsFor(capacity, this.#count)",
      "this.#exemplars = this.#exemplarsFor(capacity, 0)"
    ]
  ),
  inFile(
    "src/metrics/Exemplars.ts",
    ["test/metrics/Exemplars.test.ts"],
    ["an exemplar that can't be read leaves nothing of the one before", "numbers[index] = NaN\n    if", "if"],
    ["words take the place of text", "if (texts !== undefined) texts[index] = undefined", ""],
    ["words take the place of ids that are none", "if (slots.odd !== undefined) slots.odd.delete(slot)", ""],
    [
      "text is read into the words of its own slot",
      "const first = idWords * slot\n      texts",
      "const first = 0\n      texts"
    ],
    [
      "the moment is the one that was given",
      "numbers[index + 1] = at ?? this.#now()",
      "numbers[index + 1] = this.#now()"
    ]
  ),
  inFile(
    "src/metrics/LabelIndex.ts",
    ["test/metrics/Rows.test.ts"],
    ["an index is bounded", "if (this.#size >= this.#max) return", ""],
    ["what is no text is not taken for one", "if (typeof value !== \"string\") return undefined", ""],
    ["the name of a property of all objects is a value as any other", "Object.create(null) as Level", "({}) as Level"]
  ),
  inFile(
    "src/metrics/Family.ts",
    ["test/metrics/Metrics.test.ts"],
    ["the series of a metric are capped", "this.rows.count >= Catalogue.maxSeriesPerMetric", "false"],
    [
      "what fell into overflow is counted each time",
      "if (overflowed === undefined) this.#known.add",
      "this.#known.add"
    ],
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
      "answers.set(entry, Patience.isSpent(started) ? Collectors.outOfTime : now())",
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
    ]
  ),
  inFile(
    "src/metrics/Collected.ts",
    ["test/metrics/Collectors.test.ts"],
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
    "src/metrics/Collected.ts",
    ["test/metrics/Metrics.test.ts"],
    ["an age is told in seconds", "(now - since) / 1000", "(now - since)"],
    ["what is counted in two places adds up", "own + value : value", "value : value"]
  ),
  inFile(
    "src/metrics/Exposition.ts",
    ["test/metrics/Exposition.test.ts"],
    [
      "a metric that can't be written costs its own series only",
      "books.scrapeFailed(definition.name, fault)",
      "throw fault"
    ],
    ["OpenMetrics ends in EOF", "# EOF\\n", ""],
    ["scrapes that come at the same time are one", "if (present !== undefined) return present", ""],
    ["others have a turn before all is copied", "await Timers.setImmediate()", ""]
  ),
  inFile(
    "src/metrics/Foreign.ts",
    ["test/metrics/Exposition.test.ts"],
    [
      "of two metrics of one name the catalogue's is shown",
      "if (claims.some((name) => claimed.has(name)))",
      "if (false)"
    ]
  ),
  inFile(
    "src/metrics/FamilyText.ts",
    ["test/metrics/Exposition.test.ts"],
    ["an exemplar names its trace", " # {trace_id=", " # {trace="],
    ["quotes in help texts are escaped in OpenMetrics", "text.replaceAll(\"\\\"\", \"\\\\\\\"\")", "text"]
  ),
  inFile(
    "src/metrics/FamilyText.ts",
    ["test/metrics/FamilyText.test.ts"],
    ["the bytes of a metric keep no pool", "encoder.encode(text)", "Buffer.from(text)"]
  ),
  inFile(
    "src/metrics/FamilyText.ts",
    ["test/metrics/Page.test.ts"],
    ["buckets are cumulated", "count += values[first + 1 + bucket]!", "count = values[first + 1 + bucket]!"],
    ["a row has room for all its lines", "this.#lines * labels", "labels"]
  ),
  inFile(
    "src/metrics/LabelBytes.ts",
    ["test/metrics/Page.test.ts"],
    ["quotes in labels are escaped", "[\\\\\\n\"]/g", "[\\\\\\n]/g"],
    ["what was written of labels stays when more come", "grown.set(this.#bytes)", ""]
  ),
  inFile(
    "src/metrics/Registry.ts",
    ["test/metrics/Page.test.ts"],
    [
      "histograms are of the moment of a page",
      "const { exemplars, rows, values } = gathered?.rows.get(family) ?? family.rows.copy(true)",
      "const { exemplars, rows, values } = family.rows.copy(true)"
    ],
    [
      "counters and gauges are of the moment of a page",
      "(gathered?.rows.get(family) ?? family.rows.copy(false)).values",
      "family.rows.copy(false).values"
    ]
  ),
  inFile(
    "src/metrics/Page.ts",
    ["test/metrics/Page.test.ts"],
    ["a page is counted once", "this.#isDone = true", ""],
    ["chunks are bounded", "if (!lines.fits(size(piece))) return true", "lines.fits(size(piece))"]
  ),
  inFile(
    "src/metrics/Turns.ts",
    ["test/metrics/Turns.test.ts"],
    ["others have the event loop while a page is written", "else if (this.#isSpent) await this.#next", ""],
    ["others have the event loop while a page is opened", "while (this.#isSpent) await this.#next", ""],
    ["what is written again and again has a share", "if (isRepeated) this.#account(performance.now() - started)", ""],
    ["the sending of a page is a part of its turn", "this.#began = started", "this.#began = performance.now()"],
    ["the first writing has no share to keep to", "isRepeated ? -this.#account(0) : 0", "-this.#account(0)"]
  ),
  inFile(
    "src/metrics/Lines.ts",
    ["test/metrics/Lines.test.ts"],
    ["numbers above 32 bits are whole", "if (value !== value >>> 0) return this", "if (value % 1 !== 0) return this"],
    ["milliseconds keep their zeros", "for (let unit = 100;", "for (let unit = 10;"]
  ),
  inFile(
    "src/metrics/Sending.ts",
    ["test/metrics/Sending.test.ts"],
    [
      "a page that can't be written to its end does not look whole",
      "if (response.headersSent && !response.writableEnded) response.destroy()",
      "response.end()"
    ],
    ["nothing is written for those who are gone", "if (isGone(response)) return\n  const", "const"],
    ["an answer that nobody waits for any more is cut", "Effect.sync(() => void response.destroy())", "Effect.void"]
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
    "src/metrics/MetricsServer.ts",
    ["test/metrics/Sending.test.ts"],
    ["an answer waits for its turn", "yield* Effect.promise(() => answers.turn(response))", ""],
    [
      "a page is not opened for those who only ask whether it is there",
      "if (request.method === \"HEAD\") return",
      "if (false) return"
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
      "this.#release(response)\n        this.#waiting",
      "this.#waiting"
    ],
    ["who waits for a turn on a connection that is gone waits no more", "this.#waiting.get(response)?.()", ""],
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
    ["what hangs is let go with its scope", "this.#running?.interruptUnsafe()", ""],
    ["a metric that hangs is not asked again", "if (present !== undefined) return present", ""],
    ["a scrape does not wait for a metric that hangs", "Promise.race([answer, passed])", "answer"],
    ["a scrape waits for a metric that hangs but once", "if (isLate) this", "if (false) this"],
    ["a metric that has answered is asked again", "void this.#asked.delete(question)", "undefined"]
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
