/** Finds what belongs to the values of some labels, without making anything. */

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

  /** By the labels as an object, which may have any values. */
  find(labels: Readonly<Record<string, unknown>>): A | undefined {
    const names = this.#names
    if (names.length === 0) return this.#only
    let found: Node<A> | A | undefined = this.#root
    for (let level = 0; level < names.length && found !== undefined; level++) {
      found = (found as Node<A>).get(labels[names[level]!])
    }
    return found as A | undefined
  }

  /** By the values in the order of the names. */
  get(values: ReadonlyArray<string>): A | undefined {
    if (values.length === 0) return this.#only
    let found: Node<A> | A | undefined = this.#root
    for (let level = 0; level < values.length && found !== undefined; level++) {
      found = (found as Node<A>).get(values[level])
    }
    return found as A | undefined
  }

  /** Takes in a label set by its values in the order of the names, unless it is full. */
  add(values: ReadonlyArray<string>, found: A): void {
    if (this.#size >= this.#max) return
    this.#size++
    if (values.length === 0) this.#only = found
    let node = this.#root
    values.forEach((value, level) => {
      if (level === values.length - 1) return node.set(value, found)
      let next = node.get(value) as Node<A> | undefined
      if (next === undefined) node.set(value, next = new Map())
      node = next
    })
  }
}
