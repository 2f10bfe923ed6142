// What a probe is given: secrets, and the marker that shows that they were there. Without imports, as both sides of the
// process use it.

/** A secret as it is carried. */
export interface Entry {
  /** The name that it goes by. */
  readonly key: string
  readonly value: string
  /** The same in running text, with its name where only that tells what it is. */
  readonly text: string
}

export interface Item {
  readonly marker: string
  readonly entries: ReadonlyArray<Entry>
}
