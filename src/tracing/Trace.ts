/**
 * A trace as its spans share it, and where ids come from: words of 32 bits (see `SpanIds`), hexadecimal when somebody
 * asks for it, which for most spans nobody does.
 */
import type { TraceState } from "@opentelemetry/api"
import { randomFillSync } from "node:crypto"
import * as SpanIds from "./SpanIds.ts"

// Asking for randomness costs a thousand times what a word does: it is fetched 32 KB at a time.
const pool = new Int32Array(8_192)
let used = pool.length

/** A word of cryptographic randomness. */
export const randomWord = (): number => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++]!
}

/** The same for the end of an id, never 0: ids of nothing but zeros are invalid. */
export const lastWord = (): number => {
  let value = randomWord()
  while (value === 0) value = randomWord()
  return value
}

/** See the module. */
export class Trace {
  readonly word0: number
  readonly word1: number
  readonly word2: number
  readonly word3: number
  /** What other vendors have to say of it (W3C trace context). */
  readonly state: TraceState | undefined
  #id: string | undefined

  constructor(
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    state: TraceState | undefined,
    id: string | undefined
  ) {
    this.word0 = word0
    this.word1 = word1
    this.word2 = word2
    this.word3 = word3
    this.state = state
    this.#id = id
  }

  /** In hexadecimal. */
  get id(): string {
    return this.#id ??= SpanIds.traceId(this.word0, this.word1, this.word2, this.word3)
  }

  /** Whether it is a trace at all: one of zeros belongs to a span that nobody traces. */
  get isValid(): boolean {
    return (this.word0 | this.word1 | this.word2 | this.word3) !== 0
  }
}

/** A new trace. */
export const begin = (): Trace => new Trace(randomWord(), randomWord(), randomWord(), lastWord(), undefined, undefined)

/** The trace of an id of 32 hexadecimal digits. */
export const ofId = (id: string, state?: TraceState | undefined): Trace =>
  new Trace(SpanIds.word(id, 0), SpanIds.word(id, 8), SpanIds.word(id, 16), SpanIds.word(id, 24), state, id)

/** The trace of what is not traced. */
export const none = new Trace(0, 0, 0, 0, undefined, undefined)
