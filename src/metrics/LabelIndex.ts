/**
 * Finds what belongs to the values of some labels, without making anything.
 *
 * With thousands of label sets most of the time is spent waiting for memory. So all metrics keep one copy of a value, the
 * very text that the program comes to have: that is found without reading its characters.
 */
import { copy } from "../scrubber/Memory.ts"

// One level a label: no key has to be put together, so none is made for each look, and no value is mistaken for two.
type Node<A> = Map<unknown, Node<A> | A>

/** What belongs to label sets of the same names; `A` is no `Map`. */
export class LabelIndex<A extends object> {
  readonly #names: ReadonlyArray<string>
  readonly #max: number
  readonly #root: Node<A> = new Map()
  #size = 0
  #only: A | undefined

  /** Takes in no more than `max` label sets. */
  constructor(names: ReadonlyArray<string>, max: number) {
    this.#names = names
    this.#max = max
  }

  /** What belongs to labels, which may have any values. */
  find(labels: Readonly<Record<string, unknown>>): A | undefined {
    const names = this.#names
    if (names.length === 0) return this.#only
    let found: Node<A> | A | undefined = this.#root
    for (let level = 0; level < names.length && found !== undefined; level++) {
      found = (found as Node<A>).get(labels[names[level]!])
    }
    return found as A | undefined
  }

  /** Takes in labels, all of which have a value, unless it is full. */
  add(labels: Readonly<Record<string, string>>, found: A): void {
    if (this.#size >= this.#max) return
    this.#size++
    if (this.#names.length === 0) this.#only = found
    let node = this.#root
    this.#names.forEach((name, level) => {
      const value = labels[name] ?? ""
      if (level === this.#names.length - 1) return node.set(copy(value), found)
      let next = node.get(value) as Node<A> | undefined
      if (next === undefined) node.set(copy(value), next = new Map())
      node = next
    })
  }
}
