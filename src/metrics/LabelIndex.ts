/**
 * Finds the row that belongs to the values of some labels, without making anything.
 *
 * With thousands of label sets most of the time is spent waiting for memory, and for the processor to find out that it
 * has guessed wrong. In a `Map` about two values share a bucket whose members are looked at one after the other. So
 * values are the names of properties of objects without a prototype: these V8 keeps in a table with room to spare, and
 * compares as pointers, since each name is there once, as the text of its content that the program comes to have too. It
 * is V8's own copy, so that no longer text is kept which a value was cut out of.
 */

/** One level a label: no key has to be put together, so none is made for each look, and no value is mistaken for two. */
interface Level {
  [value: string]: Level | number | undefined
}

const level = (): Level => Object.create(null) as Level

/** The rows of label sets of the same names. */
export class LabelIndex {
  readonly #names: ReadonlyArray<string>
  readonly #max: number
  readonly #root = level()
  #size = 0
  #only: number | undefined

  /** Takes in no more than `max` label sets. */
  constructor(names: ReadonlyArray<string>, max: number) {
    this.#names = names
    this.#max = max
  }

  /** The row of labels, which may have any values. */
  find(labels: Readonly<Record<string, unknown>>): number | undefined {
    const names = this.#names
    if (names.length === 0) return this.#only
    let found: Level | number | undefined = this.#root
    for (let index = 0; index < names.length && found !== undefined; index++) {
      const value = labels[names[index]!]
      // Another value would be taken for the text that it can be made.
      if (typeof value !== "string") return undefined
      found = (found as Level)[value]
    }
    return found as number | undefined
  }

  /** Takes in labels, all of which have a value, unless it is full. */
  add(labels: Readonly<Record<string, string>>, row: number): void {
    if (this.#size >= this.#max) return
    this.#size++
    if (this.#names.length === 0) this.#only = row
    let at = this.#root
    this.#names.forEach((name, index) => {
      const value = labels[name] ?? ""
      if (index === this.#names.length - 1) at[value] = row
      else at = (at[value] ??= level()) as Level
    })
  }
}
