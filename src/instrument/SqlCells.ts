/** Where statements of one kind are counted: found once, not with each statement. */
import type * as Metrics from "../metrics/Metrics.ts"
import type { Options } from "./Sql.ts"

/** What the labels of a statement are. */
export interface Labels {
  readonly operation: string
  readonly table: string
}

/** See the module. Each cell is bound when it is first asked for: a series that nothing is counted in is not shown. */
export class SqlCells {
  readonly #metrics: Metrics.Service
  readonly #options: Options
  readonly #labels: Labels
  #queries: Metrics.CounterCell | undefined = undefined
  #errors: Metrics.CounterCell | undefined = undefined
  #duration: Metrics.HistogramCell | undefined = undefined

  constructor(metrics: Metrics.Service, options: Options, { operation, table }: Labels) {
    this.#metrics = metrics
    this.#options = options
    this.#labels = { operation, table }
  }

  get queries(): Metrics.CounterCell {
    return this.#queries ??= this.#metrics.counter(this.#options.queries, this.#labels)
  }

  get errors(): Metrics.CounterCell {
    return this.#errors ??= this.#metrics.counter(this.#options.errors, this.#labels)
  }

  get duration(): Metrics.HistogramCell {
    return this.#duration ??= this.#metrics.histogram(this.#options.duration, this.#labels)
  }
}

/** The cells of statements as they are classified, for those metrics that they were counted in last. */
export const remembered = (options: Options) => {
  const known = new WeakMap<Labels, { readonly metrics: Metrics.Service; readonly cells: SqlCells }>()
  return (metrics: Metrics.Service, classified: Labels): SqlCells => {
    const before = known.get(classified)
    if (before?.metrics === metrics) return before.cells
    const cells = new SqlCells(metrics, options, classified)
    known.set(classified, { metrics, cells })
    return cells
  }
}
