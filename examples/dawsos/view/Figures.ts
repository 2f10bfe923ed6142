/** Figures from samples of metrics: sums, groups and quantiles, as Prometheus would compute them since the start. */
import type { Metrics } from "@dawsos/observability"

type Labels = Readonly<Record<string, string>>

const number = (text: string): number => Number(text.replace("Inf", "Infinity"))

const matches = (sample: Metrics.Sample, labels: Labels): boolean =>
  Object.entries(labels).every(([name, value]) => sample.labels[name] === value)

/** 5xx, but not 503: that is the answer while a pricing pack is being built. */
export const isServerError = (status: string): boolean => status.startsWith("5") && status !== "503"

export class Figures {
  readonly #byName: ReadonlyMap<string, ReadonlyArray<Metrics.Sample>>

  constructor(samples: ReadonlyArray<Metrics.Sample>) {
    this.#byName = Map.groupBy(samples, (sample) => sample.name)
  }

  /** The samples of a name whose labels are among others these. */
  of(name: string, labels: Labels = {}): ReadonlyArray<Metrics.Sample> {
    return (this.#byName.get(name) ?? []).filter((sample) => matches(sample, labels))
  }

  total(name: string, labels: Labels = {}): number {
    return this.of(name, labels).reduce((sum, sample) => sum + sample.value, 0)
  }

  /** Sums by one label, those above 0. */
  groups(name: string, label: string): ReadonlyArray<{ readonly key: string; readonly value: number }> {
    return [...Map.groupBy(this.of(name), (sample) => sample.labels[label] ?? "")]
      .map(([key, samples]) => ({ key, value: samples.reduce((sum, sample) => sum + sample.value, 0) }))
      .filter(({ value }) => value > 0)
  }

  /** A quantile of a histogram, interpolated within its bucket; nothing while it is empty. */
  quantile(name: string, q: number, labels: Labels = {}): number | undefined {
    const counts = Map.groupBy(
      this.of(`${name}_bucket`, labels),
      ({ labels: { le = "" } }) => number(le)
    )
    const buckets = [...counts].map(([bound, samples]) => ({
      bound,
      count: samples.reduce((sum, sample) => sum + sample.value, 0)
    })).sort((a, b) => a.bound - b.bound)
    const rank = q * (buckets.at(-1)?.count ?? 0)
    const index = buckets.findIndex(({ count }) => count >= rank)
    const found = buckets[index]
    if (rank === 0 || found === undefined) return undefined
    const below = buckets[index - 1] ?? { bound: 0, count: 0 }
    if (found.bound === Infinity) return below.bound
    return below.bound + (found.bound - below.bound) * (rank - below.count) / (found.count - below.count)
  }

  /** How many API requests ended in a server error. */
  failedRequests(): number {
    return this.groups("dawsos_api_requests_total", "status_code")
      .filter(({ key }) => isServerError(key)).reduce((sum, { value }) => sum + value, 0)
  }

  /** Their share. */
  serverErrors(): number {
    const all = this.total("dawsos_api_requests_total")
    return all === 0 ? 0 : this.failedRequests() / all
  }
}

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (_, character: string) => character === "n" ? "\n" : character)

/** The samples of a page in Prometheus's text format. */
export const parse = (page: string): ReadonlyArray<Metrics.Sample> =>
  page.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
      .map(([, key = "", text = ""]): [string, string] => [key, unescape(text)])
    return [{ name, labels: Object.fromEntries(pairs), value: number(value ?? "") }]
  })
