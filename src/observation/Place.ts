/**
 * One place of use of a combinator: one input. What is asked of its description is asked once, and cells are bound once
 * for each layer.
 */
import type * as Fiber from "effect/Fiber"
import * as Guard from "../Guard.ts"
import type * as Metrics from "../metrics/Metrics.ts"
import * as Announcement from "./Announcement.ts"
import type { Description, Options, Recorder, SpanDescription } from "./Description.ts"
import type { Inner, Run } from "./SpanlessOperation.ts"
import type { Status } from "./Status.ts"

/** What all places of one description have in common. */
export interface Kind<in Input> {
  readonly description: Description<Input>
  /** The names of its metrics. */
  readonly metrics: ReadonlyArray<string>
  readonly category: Announcement.EndedOperation["category"]
  readonly statusAttribute: string
}

export const kindOf = <Input>(description: Description<Input>): Kind<Input> => ({
  description,
  metrics: description.instruments.map(({ metric }) => metric),
  category: description.category ?? "operation",
  statusAttribute: `${description.prefix}.status`
})

/** What a place of use keeps for each layer's metrics. */
export interface Bound {
  readonly metrics: Metrics.Service
  readonly recorders: Array<Recorder | undefined>
  /** Of the last run that had no span. */
  inner: Inner | undefined
}

// A span's limit is 128: what comes near it is set one by one, and counted.
const mostFixed = 64

const isPlain = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** Keys and values in turn of attributes that every span can carry as they are; nothing where one is not like that. */
const flatten = (
  ...several: ReadonlyArray<Readonly<Record<string, unknown>> | undefined>
): ReadonlyArray<unknown> | undefined => {
  const all = new Map<string, unknown>()
  for (const attributes of several) {
    for (const key in attributes) {
      const value = attributes[key]
      if (value === undefined) continue
      if (!isPlain(value) || key === "" || all.size === mostFixed) return undefined
      all.set(key, value)
    }
  }
  return [...all].flat()
}

/** The same in a list that has as much room as it needs, with a key at its end whose value comes later. */
const listed = (
  attributes: Readonly<Record<string, unknown>> | undefined,
  last: string
): Array<unknown> | undefined => {
  let count = 1
  for (const key in attributes) {
    if (key === "" || key === last || count === mostFixed || !isPlain(attributes[key])) return undefined
    count++
  }
  // oxlint-disable-next-line unicorn/no-new-array
  const list = new Array<unknown>(2 * count)
  let length = 0
  for (const key in attributes) {
    list[length++] = key
    list[length++] = attributes[key]
  }
  list[length] = last
  list[length + 1] = undefined
  return list
}

/** See the module. */
export class Place<Input> {
  readonly kind: Kind<Input>
  readonly options: Options | undefined
  /** One without a span that has ended and can be run again. */
  run: Run<Input> | undefined = undefined
  readonly #input: Input
  // Counted up to two.
  #runs = 0
  #askedCount = 0
  #isAsked = false
  #span: SpanDescription | undefined = undefined
  #fixed: ReadonlyArray<unknown> | undefined = undefined
  #isFlattened = false
  #ended: { [S in Status]?: ReadonlyArray<unknown> } | undefined = undefined
  // Weak, so that a layer that was closed can be collected.
  #bound: WeakMap<Metrics.Service, Bound> | undefined = undefined

  constructor(kind: Kind<Input>, input: Input, options: Options | undefined) {
    this.kind = kind
    this.#input = input
    this.options = options
  }

  /** How its span is described, asked for at each run that has one. */
  span(fiber: Fiber.Fiber<unknown, unknown>): SpanDescription {
    if (this.#runs < 2) this.#runs++
    if (this.#span !== undefined) return this.#span
    const { description } = this.kind
    try {
      return this.#span = description.span(this.#input)
    } catch (fault) {
      fiber.getRef(Guard.CurrentGuard).count("recorder", fault)
      return { name: `${description.prefix} operation` }
    }
  }

  /** Whether its description has answered. */
  get isDescribed(): boolean {
    return this.#span !== undefined
  }

  /** Attributes that all its spans share: keys and values in turn. Nothing where they have to be set one by one. */
  fixedAttributes(described: SpanDescription): ReadonlyArray<unknown> | undefined {
    // A description that threw is asked again, and may then tell others. Many places are used once, and share with nobody.
    if (described !== this.#span || this.#runs < 2) return undefined
    if (!this.#isFlattened) {
      this.#isFlattened = true
      try {
        this.#fixed = flatten(described.attributes, this.options?.attributes)
      } catch {
        // One that throws does so again when it is set by itself, and is counted there.
        this.#fixed = undefined
      }
    }
    return this.#fixed
  }

  /** Attributes of a span that shares them with none, in a list with room for how it ends; nothing likewise. */
  ownAttributes(described: SpanDescription): Array<unknown> | undefined {
    if (this.options?.attributes !== undefined) return undefined
    try {
      return listed(described.attributes, this.kind.statusAttribute)
    } catch {
      return undefined
    }
  }

  /** The same with how the operation ended. */
  endedAttributes(described: SpanDescription, status: Status): ReadonlyArray<unknown> | undefined {
    const known = this.#ended?.[status]
    if (known !== undefined) return known
    const fixed = this.fixedAttributes(described)
    const { statusAttribute } = this.kind
    if (fixed === undefined || fixed.includes(statusAttribute)) return undefined
    return (this.#ended ??= {})[status] = [...fixed, statusAttribute, status]
  }

  /**
   * For automatic instrumentation: which of its metrics are recorded by an observation around it already.
   */
  recordedAround(fiber: Fiber.Fiber<unknown, unknown>): ReadonlyArray<boolean> | undefined {
    const { description, metrics } = this.kind
    return description.automatic === true
      ? metrics.map((name) => Announcement.isNameRecorded(fiber, name))
      : undefined
  }

  /** Whether somebody may ask, inside, whether one of its metrics is recorded around. */
  get isAsked(): boolean {
    const count = Announcement.askedCount()
    if (count !== this.#askedCount) {
      this.#askedCount = count
      this.#isAsked = Announcement.isAsked(this.kind.metrics)
    }
    return this.#isAsked
  }

  /** Each instrument on its own: a fault of one does not cost the others their record. */
  record(
    { metrics, recorders }: Bound,
    fiber: Fiber.Fiber<unknown, unknown>,
    recorded: ReadonlyArray<boolean> | undefined,
    status: Status,
    seconds: number,
    exemplar: Metrics.Exemplar | undefined,
    at: number | undefined
  ): void {
    const { instruments } = this.kind.description
    for (let index = 0; index < instruments.length; index++) {
      if (recorded?.[index] === true) continue
      try {
        const record = recorders[index] ??= instruments[index]!.bind(metrics, this.#input)
        record(status, seconds, exemplar, at)
      } catch (fault) {
        fiber.getRef(Guard.CurrentGuard).count("recorder", fault)
      }
    }
  }

  /** What is kept for each layer's metrics. */
  boundTo(metrics: Metrics.Service): Bound {
    this.#bound ??= new WeakMap()
    let bound = this.#bound.get(metrics)
    if (bound === undefined) this.#bound.set(metrics, bound = { metrics, recorders: [], inner: undefined })
    return bound
  }
}
