/**
 * Reads Prometheus' text formats strictly, to judge what is exposed.
 *
 * Written from the grammar of OpenMetrics 1.0 (ABNF and its prose on families, histograms and exemplars) and from the
 * description of the text format 0.0.4, and shares nothing with `src/`: no package in reach exports a parser. Anything
 * that the grammars don't allow throws, with the number of the line.
 */

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timestamp: number | undefined
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar: Exemplar | undefined
}

export interface Family {
  readonly name: string
  type: string
  help: string | undefined
  readonly samples: Array<Sample>
}

export type Format = "prometheus" | "openmetrics"

export interface Exposition {
  readonly families: ReadonlyMap<string, Family>
  /** The value of a sample; `undefined` where it is absent. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined
  readonly sample: (name: string, labels?: Readonly<Record<string, string>>) => Sample | undefined
}

const types: Record<Format, ReadonlyArray<string>> = {
  prometheus: ["counter", "gauge", "histogram", "summary", "untyped"],
  openmetrics: ["counter", "gauge", "histogram", "gaugehistogram", "stateset", "info", "summary", "unknown"]
}

const suffixes = (type: string, format: Format): ReadonlyArray<string> => {
  switch (type) {
    case "counter":
      return format === "openmetrics" ? ["_total", "_created"] : [""]
    case "histogram":
      return format === "openmetrics" ? ["_bucket", "_sum", "_count", "_created"] : ["_bucket", "_sum", "_count"]
    case "summary":
      return format === "openmetrics" ? ["", "_sum", "_count", "_created"] : ["", "_sum", "_count"]
    case "info":
      return ["_info"]
    default:
      return [""]
  }
}

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)))

const without = (labels: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key !== name))

/** Reads one line from left to right. */
class Cursor {
  at = 0
  readonly text: string
  readonly fail: (problem: string) => never

  constructor(text: string, fail: (problem: string) => never) {
    this.text = text
    this.fail = fail
  }

  take(pattern: RegExp, what: string): string {
    const sticky = new RegExp(pattern.source, "y")
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (found === null) return this.fail(`${what} expected at ${this.at}`)
    this.at = sticky.lastIndex
    return found[0]
  }

  literal(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.literal(text)) this.fail(`${JSON.stringify(text)} expected at ${this.at}`)
  }

  /** A text in which `\\`, `\n` and, where quotes end it or the format says so, `\"` are the only escapes. */
  escaped(end: string | undefined, quotes: boolean): string {
    let out = ""
    for (;;) {
      const char = this.text[this.at]
      if (char === undefined) return end === undefined ? out : this.fail("the quote is not closed")
      this.at++
      if (char === end) return out
      if (char === "\"" && quotes) return this.fail("a quote that is not escaped")
      if (char !== "\\") out += char
      else {
        const next = this.text[this.at++]
        if (next === "n") out += "\n"
        else if (next === "\\") out += "\\"
        else if (next === "\"" && (quotes || end !== undefined)) out += "\""
        else return this.fail(`the escape \\${next} does not exist`)
      }
    }
  }

  number(): number {
    const text = this.take(/[^ ]+/, "a number")
    if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity
    if (/^nan$/i.test(text)) return NaN
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return this.fail(`${text} is no number`)
    return Number(text)
  }

  labels(): Record<string, string> {
    const labels: Record<string, string> = {}
    if (!this.literal("{")) return labels
    if (this.literal("}")) return labels
    for (;;) {
      const name = this.take(/[a-zA-Z_][a-zA-Z0-9_]*/, "a label's name")
      if (Object.hasOwn(labels, name)) this.fail(`the label ${name} is there twice`)
      this.expect("=\"")
      labels[name] = this.escaped("\"", false)
      if (this.literal("}")) return labels
      this.expect(",")
    }
  }

  end(): void {
    if (this.at !== this.text.length) this.fail(`nothing more expected at ${this.at}`)
  }
}

const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/

const checkHistogram = (family: Family, format: Format, fail: (problem: string) => never): void => {
  const groups = new Map<string, { last: { le: number; count: number } | undefined; count?: number; sum?: number }>()
  for (const { labels, name, value } of family.samples) {
    const key = keyOf(without(labels, "le"))
    const group = groups.get(key) ?? { last: undefined }
    groups.set(key, group)
    if (name.endsWith("_bucket")) {
      const { le } = labels
      if (le === undefined) return fail(`${name} without le`)
      if (le !== "+Inf" && !/^-?(\d+\.\d+|\d(\.\d+)?e[+-]\d\d+)$/.test(le)) fail(`le="${le}" is no canonical float`)
      const bound = le === "+Inf" ? Infinity : Number(le)
      if (group.last !== undefined && bound <= group.last.le) fail(`${name}: le="${le}" does not ascend`)
      if (group.last !== undefined && value < group.last.count) fail(`${name}: le="${le}" falls`)
      if (!Number.isInteger(value) || value < 0) fail(`${name}: ${value} observations`)
      group.last = { le: bound, count: value }
    } else if (name.endsWith("_count")) group.count = value
    else if (name.endsWith("_sum")) group.sum = value
  }
  for (const { count, last, sum } of groups.values()) {
    if (last?.le !== Infinity) fail(`${family.name}: no bucket +Inf`)
    if (count !== last?.count) fail(`${family.name}: _count is ${count}, the last bucket ${last?.count}`)
    if (sum === undefined) fail(`${family.name}: no _sum`)
    if (format === "openmetrics" && sum !== undefined && sum < 0) fail(`${family.name}: _sum is negative`)
  }
}

const checkFamily = (family: Family, format: Format, fail: (problem: string) => never): void => {
  const seen = new Set<string>()
  for (const { labels, name, value } of family.samples) {
    const key = `${name}${keyOf(labels)}`
    if (seen.has(key)) fail(`${name}${keyOf(labels)} is there twice`)
    seen.add(key)
    if (family.type === "counter" && !(value >= 0)) fail(`the counter ${name} is ${value}`)
  }
  if (family.type === "histogram") checkHistogram(family, format, fail)
}

/** Reads an exposition, or throws at the first thing that its format does not allow. */
export const parse = (text: string, format: Format): Exposition => {
  let line = 0
  const fail = (problem: string): never => {
    throw new Error(`line ${line}: ${problem}`)
  }
  if (!text.isWellFormed()) fail("a lone surrogate can't be written as UTF-8")
  const families = new Map<string, Family>()
  let current: Family | undefined
  const open = (name: string): Family => {
    if (current?.name === name) return current
    if (families.has(name)) fail(`the family ${name} is torn apart`)
    current = { name, type: format === "openmetrics" ? "unknown" : "untyped", help: undefined, samples: [] }
    families.set(name, current)
    return current
  }
  const typed = new Set<string>()

  if (text !== "" && !text.endsWith("\n")) fail("the last line does not end")
  const lines = text.split("\n").slice(0, -1)
  if (format === "openmetrics" && lines.at(-1) !== "# EOF") fail("the last line is not # EOF")
  for (const content of format === "openmetrics" ? lines.slice(0, -1) : lines) {
    line++
    const cursor = new Cursor(content, fail)
    if (content === "") {
      if (format === "openmetrics") fail("an empty line")
      continue
    }
    if (content.startsWith("#")) {
      const keyword = /^# (HELP|TYPE|UNIT) /.exec(content)?.[1]
      if (keyword === undefined) {
        if (format === "openmetrics") fail("neither HELP, TYPE, UNIT nor EOF")
        continue
      }
      cursor.at = keyword.length + 3
      const family = open(cursor.take(metricName, "a metric's name"))
      if (family.samples.length > 0) fail(`${keyword} after samples`)
      cursor.expect(" ")
      if (keyword === "HELP") {
        if (family.help !== undefined) fail("a second HELP")
        family.help = cursor.escaped(undefined, format === "openmetrics")
      } else if (keyword === "TYPE") {
        if (typed.has(family.name)) fail("a second TYPE")
        typed.add(family.name)
        family.type = cursor.take(/[a-z]+/, "a type")
        if (!types[format].includes(family.type)) fail(`no type ${family.type}`)
        if (format === "openmetrics" && family.type === "counter" && family.name.endsWith("_total")) {
          fail("the family of a counter has no suffix")
        }
        cursor.end()
      } else {
        const unit = cursor.take(/[a-zA-Z0-9_:]*/, "a unit")
        if (unit !== "" && !family.name.endsWith(`_${unit}`)) fail(`${family.name} does not end in _${unit}`)
        cursor.end()
      }
      continue
    }
    const name = cursor.take(metricName, "a metric's name")
    const owner = current
    const family = owner !== undefined && suffixes(owner.type, format).some((suffix) => name === owner.name + suffix)
      ? owner
      : open(name)
    if (!suffixes(family.type, format).some((suffix) => name === family.name + suffix)) {
      fail(`${name} is no sample of the ${family.type} ${family.name}`)
    }
    const labels = cursor.labels()
    cursor.expect(" ")
    const value = cursor.number()
    let exemplar: Exemplar | undefined
    if (format === "openmetrics" && cursor.literal(" # ")) {
      if (!(name.endsWith("_bucket") || (family.type === "counter" && name.endsWith("_total")))) {
        fail("only buckets and counters have exemplars")
      }
      if (content[cursor.at] !== "{") fail("an exemplar has labels")
      const exemplarLabels = cursor.labels()
      const length = Object.entries(exemplarLabels).reduce((sum, [key, text]) => sum + key.length + text.length, 0)
      if (length > 128) fail("an exemplar's labels have more than 128 characters")
      cursor.expect(" ")
      const exemplarValue = cursor.number()
      const timestamp = cursor.literal(" ") ? cursor.number() : undefined
      if (family.type === "histogram") {
        const le = labels.le === "+Inf" ? Infinity : Number(labels.le)
        if (exemplarValue > le) fail("the exemplar lies outside of its bucket")
      }
      exemplar = { labels: exemplarLabels, value: exemplarValue, timestamp }
    }
    cursor.end()
    family.samples.push({ name, labels, value, exemplar })
  }
  for (const family of families.values()) checkFamily(family, format, fail)

  const byKey = new Map<string, Sample>()
  for (const { samples } of families.values()) {
    for (const sample of samples) {
      const key = `${sample.name}${keyOf(sample.labels)}`
      if (byKey.has(key)) fail(`${key} is there twice`)
      byKey.set(key, sample)
    }
  }
  const sample = (name: string, labels: Readonly<Record<string, string>> = {}) => byKey.get(`${name}${keyOf(labels)}`)
  return { families, sample, value: (name, labels) => sample(name, labels)?.value }
}
