/**
 * The labels of each row of a metric as they are written: `{channel="web",product="tea"`, the last brace missing.
 *
 * They are made once, when a scrape first comes to a row, and kept in one array, where they take little more than their
 * own length.
 */

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\"": "\\\"" }

/** The value of a label as both formats write it. */
export const escaped = (text: string): string => text.replace(/[\\\n"]/g, (char) => escapes[char] ?? char)

const encoder = new TextEncoder()

/** The labels of the rows of one metric. */
export class LabelBytes {
  readonly #names: ReadonlyArray<string>
  #bytes = new Uint8Array(256)
  /** Where the labels of each row end; those of the next one begin there. */
  readonly #ends: Array<number> = []

  constructor(names: ReadonlyArray<string>) {
    this.#names = names
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  start(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1] ?? 0
  }

  end(row: number): number {
    return this.#ends[row] ?? 0
  }

  /** Makes sure of a row and of those before it, whose labels `of` tells; label sets never change. */
  reach(row: number, of: (row: number) => Readonly<Record<string, string>>): void {
    while (this.#ends.length <= row) this.#add(of(this.#ends.length))
  }

  #add(labels: Readonly<Record<string, string>>): void {
    const start = this.#ends.at(-1) ?? 0
    if (this.#names.length === 0) return void this.#ends.push(start)
    const text = `{${this.#names.map((name) => `${name}="${escaped(labels[name] ?? "")}"`).join(",")}`
    // No character takes more than three bytes for each of its code units.
    const most = start + 3 * text.length
    if (most > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(most, 2 * this.#bytes.length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#ends.push(start + encoder.encodeInto(text, this.#bytes.subarray(start)).written)
  }
}
