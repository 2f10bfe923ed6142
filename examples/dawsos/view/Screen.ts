/** Where the program writes: a block that is replaced below lines that stay; plain blocks when it is no terminal. */
import type * as Console from "effect/Console"

/** A line of a block, and how it looks on a terminal. */
export interface Line {
  readonly text: string
  readonly style?: "bold" | "dim" | "red" | "green"
}

const codes = { bold: 1, dim: 2, red: 31, green: 32 } as const

export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly terminal: boolean
  readonly #colors: boolean
  #block: ReadonlyArray<string> = []

  constructor(out: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>) {
    this.#out = out
    this.terminal = out.isTTY === true
    this.#colors = this.terminal && (env["NO_COLOR"] ?? "") === ""
  }

  /** How many lines a block may have. */
  get rows(): number {
    return this.terminal ? Math.max(10, this.#out.rows - 1) : 60
  }

  /** A line that stays. */
  print(line: string | Line): void {
    const { style, text } = typeof line === "string" ? { text: line } as Line : line
    this.#out.write(`${this.#erased()}${this.#paint(text, style)}\n${this.#block.join("")}`)
  }

  /** Shows a block in the place of the one before. */
  show(lines: ReadonlyArray<Line>): void {
    const erased = this.#erased()
    const width = this.terminal ? this.#out.columns : Infinity
    const block = lines.slice(0, this.rows).map(({ style, text }) =>
      `${this.#paint(text.length > width ? `${text.slice(0, width - 1)}…` : text, style)}\n`
    )
    if (this.terminal) this.#block = block
    this.#out.write(erased + (this.terminal ? "" : "\n") + block.join(""))
  }

  /** Leaves the last block where it is. */
  release(): void {
    this.#block = []
  }

  /** What a program writes to its console (log lines, say) stays above the block. */
  console(base: Console.Console): Console.Console {
    if (!this.terminal) return base
    const write = (...parts: ReadonlyArray<unknown>): void => this.print(parts.join(" "))
    return { ...base, log: write, error: write, warn: write, info: write, debug: write }
  }

  #erased(): string {
    return this.#block.length === 0 ? "" : `\r\u001b[${this.#block.length}A\u001b[J`
  }

  #paint(text: string, style: Line["style"]): string {
    return style === undefined || !this.#colors ? text : `\u001b[${codes[style]}m${text}\u001b[0m`
  }
}
