// The questions on cost, in the order of the table in docs/performance.md; each is a file in questions/.

/** What can be asked. */
export const names = [
  "inside",
  "operation",
  "withSpan",
  "unsampled",
  "disabled",
  "metrics",
  "labelSets",
  "scrape",
  "exportRate",
  "queuedBytes",
  "request",
  "metricsCpu",
  "errors",
  "heap",
  "start"
] as const

export type Name = (typeof names)[number]

export const isName = (name: string): name is Name => names.some((known) => known === name)
