// The questions on cost, in the order of the table in docs/performance.md; each is a file in questions/.

/** What can be asked, with what it asks in a line. */
export const questions = {
  inside: "code inside a span against the same without",
  operation: "one operation with span, status, counter, histogram and exemplar",
  withSpan: "plain Effect.withSpan",
  unsampled: "operations that are not sampled",
  disabled: "operations while observability is off",
  metrics: "a counter and a histogram",
  labelSets: "label sets that are found at run time",
  scrape: "an exposition of 100,000 lines",
  exportRate: "spans a second to an OTLP server",
  queuedBytes: "what a queued span takes",
  request: "the reference program under load",
  metricsCpu: "processor time of metrics",
  errors: "an error captured",
  heap: "the heap after a million operations",
  start: "import and start"
} as const

export type Name = keyof typeof questions

export const isName = (name: string): name is Name => Object.hasOwn(questions, name)
