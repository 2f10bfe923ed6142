// What a question of the bench answers with, from a process of its own.
import type { Figure } from "./Figure.ts"
import * as FigureText from "./Figure.ts"
import type { Measured } from "./Interleaved.ts"
import { spreadOf } from "./Interleaved.ts"

/** All that was measured for a question. */
export interface Answer {
  readonly figures: ReadonlyArray<Figure>
  /** Tables with every candidate; the first row of each has its headings. */
  readonly tables: ReadonlyArray<{ readonly title: string; readonly rows: ReadonlyArray<ReadonlyArray<string>> }>
  /** What the numbers can and can't say. */
  readonly text?: string | undefined
}

/** A question: one file exports one as `question`. */
export interface Question {
  readonly ask: () => Promise<Answer>
}

/** The table of candidates: nanoseconds an operation, and each over the first in `over`. */
export const candidates = (
  measured: ReadonlyArray<Measured>,
  over: ReadonlyArray<Measured>,
  ratio: (of: Measured, over: Measured) => ReturnType<typeof spreadOf>
): ReadonlyArray<ReadonlyArray<string>> => [
  ["candidate", "ns an operation", ...over.map(({ name }) => `over ${name}`)],
  ...measured.map((one) => [
    one.void === undefined ? one.name : `${one.name} (void: ${one.void})`,
    FigureText.spread(spreadOf(one.samples)),
    ...over.map((other) => FigureText.spread(ratio(one, other), "×"))
  ])
]
