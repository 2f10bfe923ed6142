/**
 * Writes the rows of one metric as text for Prometheus.
 *
 * What does not change between two scrapes (names, labels, the bounds of buckets) is kept as bytes, so that a scrape
 * copies it and makes texts of numbers only.
 */
import * as Exemplars from "./Exemplars.ts"
import type * as Family from "./Family.ts"
import { LabelBytes } from "./LabelBytes.ts"
import * as Lines from "./Lines.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"
import * as Rows from "./Rows.ts"
import type * as Snapshot from "./Snapshot.ts"

type Histograms = Extract<Snapshot.Snapshot, { readonly _tag: "Histograms" }>

/** The longest help text, in UTF-16 code units; a longer one ends in `…`. */
const maxHelp = 1024

const shortened = (help: string): string => help.length > maxHelp ? `${help.slice(0, maxHelp - 1)}…` : help

/** The help text of a metric as it is shown, before it is escaped. */
export const shownHelp = (help: string): string => shortened(help).toWellFormed()

const newLine = 10
const space = 32

const encoder = new TextEncoder()

// These bytes are kept, and a `Buffer` of few bytes keeps all 64 KB of Node's pool that it was cut from.
const encode = (text: string): Uint8Array => encoder.encode(text)

const beforeTrace = encode(" # {trace_id=\"")
const beforeSpan = encode("\",span_id=\"")
const afterSpan = encode("\"} ")

/** The most bytes of an exemplar. */
const maxExemplar = beforeTrace.length + beforeSpan.length + afterSpan.length + 2 * 50 + 2 * Lines.maxNumber + 1

/** The lines above the samples of a metric. OpenMetrics names a counter's family without its suffix. */
const header = ({ help, kind, name }: Family.Family["definition"], format: Metrics.Format): Uint8Array => {
  const open = format === "openmetrics"
  const family = open && kind === "counter" ? name.replace(/_total$/, "") : name
  const text = shownHelp(help).replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
  // In OpenMetrics quotes are escaped in help texts too.
  return encode(`# HELP ${family} ${open ? text.replaceAll("\"", "\\\"") : text}\n# TYPE ${family} ${kind}\n`)
}

/** One metric as text. */
export class FamilyText {
  readonly #family: Family.Family
  readonly #labels: LabelBytes
  readonly #headers = new Map<Metrics.Format, Uint8Array>()
  /** What comes after the labels where no label follows, up to the value. */
  readonly #close: Uint8Array
  readonly #name: Uint8Array
  readonly #sum: Uint8Array
  readonly #count: Uint8Array
  readonly #bucket: Uint8Array
  /** What comes after the labels of each bucket, up to the value. */
  readonly #bounds: ReadonlyArray<Uint8Array>
  /** The most bytes of a row beside its labels and exemplars, and how often its labels are written. */
  readonly #beside: number
  readonly #lines: number

  constructor(family: Family.Family) {
    const { definition, names } = family
    this.#family = family
    this.#labels = new LabelBytes(names)
    this.#close = encode(names.length === 0 ? " " : "} ")
    this.#name = encode(definition.name)
    this.#sum = encode(`${definition.name}_sum`)
    this.#count = encode(`${definition.name}_count`)
    this.#bucket = encode(`${definition.name}_bucket`)
    const buckets = definition.kind === "histogram" ? [...definition.buckets, undefined] : []
    this.#bounds = buckets.map((bound) => encode(`${names.length === 0 ? "{" : ","}le="${Numbers.bound(bound)}"} `))
    this.#lines = Math.max(1, buckets.length + 2)
    this.#beside = this.#bounds.reduce((sum, { length }) => sum + length, 0) +
      this.#lines * (this.#bucket.length + this.#close.length + Lines.maxNumber + 1)
  }

  /** The lines above the samples. Throws when the definition can't be written. */
  header(format: Metrics.Format): Uint8Array {
    const known = this.#headers.get(format)
    if (known !== undefined) return known
    const made = header(this.#family.definition, format)
    this.#headers.set(format, made)
    return made
  }

  /** The most bytes that a row takes. */
  size(snapshot: Snapshot.Snapshot, row: number): number {
    this.#labels.reach(row, (row) => this.#family.labels(row))
    const labels = this.#labels.end(row) - this.#labels.start(row)
    const exemplars = snapshot._tag === "Histograms" && snapshot.exemplars !== undefined
    return this.#beside + this.#lines * labels + (exemplars ? this.#bounds.length * maxExemplar : 0)
  }

  /** Writes a row, if it shows; `size` was asked before. */
  write(snapshot: Snapshot.Snapshot, row: number, lines: Lines.Lines): void {
    if (snapshot._tag === "Histograms") return this.#histogram(snapshot, row, lines)
    const value = snapshot.values[row] ?? NaN
    if (Rows.isPresent(value)) this.#line(this.#name, row, value, lines)
  }

  #line(name: Uint8Array, row: number, value: number, lines: Lines.Lines): void {
    lines.copy(name)
    lines.copy(this.#labels.bytes, this.#labels.start(row), this.#labels.end(row))
    lines.copy(this.#close)
    lines.number(value)
    lines.byte(newLine)
  }

  #histogram({ exemplars, values }: Histograms, row: number, lines: Lines.Lines): void {
    const bounds = this.#bounds
    const first = row * (bounds.length + 1)
    const sum = values[first] ?? NaN
    if (!Rows.isPresent(sum)) return
    const start = lines.length
    lines.copy(this.#bucket)
    lines.copy(this.#labels.bytes, this.#labels.start(row), this.#labels.end(row))
    const end = lines.length
    let count = 0
    for (let bucket = 0; bucket < bounds.length; bucket++) {
      // The name and the labels of the first line are those of all others.
      if (bucket > 0) lines.repeat(start, end)
      lines.copy(bounds[bucket]!)
      count += values[first + 1 + bucket]!
      lines.number(count)
      if (exemplars !== undefined) this.#exemplar(exemplars, row * bounds.length + bucket, lines)
      lines.byte(newLine)
    }
    this.#line(this.#sum, row, sum, lines)
    this.#line(this.#count, row, count, lines)
  }

  #exemplar(exemplars: Exemplars.Exemplars, slot: number, lines: Lines.Lines): void {
    const value = exemplars.value(slot)
    const at = exemplars.at(slot)
    if (value === undefined || !Number.isFinite(at)) return
    const odd = exemplars.odd(slot)
    lines.copy(beforeTrace)
    if (odd !== undefined) lines.ascii(odd[0])
    else for (let word = 0; word < Exemplars.traceWords; word++) lines.word(exemplars.word(slot, word))
    lines.copy(beforeSpan)
    if (odd !== undefined) lines.ascii(odd[1])
    else for (let word = Exemplars.traceWords; word < Exemplars.idWords; word++) lines.word(exemplars.word(slot, word))
    lines.copy(afterSpan)
    lines.number(value)
    lines.byte(space)
    lines.thousandths(at)
  }
}
