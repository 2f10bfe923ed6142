/**
 * All that one scrape shows, of one moment, as numbers: its text comes into being chunk by chunk as it is read.
 *
 * Held by a reader who takes a long time it costs a tenth of its text, and it is shared by all who ask at the same time.
 */
import type * as FamilyText from "./FamilyText.ts"
import type { Lines } from "./Lines.ts"
import type * as Snapshot from "./Snapshot.ts"
import type * as Turns from "./Turns.ts"

/** A part of a page, in pieces that are written whole. */
export interface Part {
  readonly pieces: number
  /** Bytes that it holds as long as somebody reads. */
  readonly byteLength: number
  /** The most bytes that a piece takes. */
  readonly size: (piece: number) => number
  readonly write: (piece: number, lines: Lines) => void
}

const pieceSize = 16 * 1024

/** A part that was written before. */
export const ofBytes = (bytes: Uint8Array): Part => ({
  pieces: Math.ceil(bytes.length / pieceSize),
  byteLength: bytes.length,
  size: () => pieceSize,
  write: (piece, lines) => lines.copy(bytes, piece * pieceSize, Math.min((piece + 1) * pieceSize, bytes.length))
})

/** The rows of a metric. */
export const ofRows = (text: FamilyText.FamilyText, snapshot: Snapshot.Snapshot): Part => ({
  pieces: snapshot.rows,
  byteLength: snapshot.values.byteLength +
    (snapshot._tag === "Histograms" ? snapshot.exemplars?.byteLength ?? 0 : 0),
  size: (row) => text.size(snapshot, row),
  write: (row, lines) => text.write(snapshot, row, lines)
})

/** One reader's way through a page. */
export interface Reading {
  /** Fills `lines` with what follows, when there is time for it; answers whether more is to come. */
  readonly next: (lines: Lines) => Promise<boolean>
}

/** See the module. */
export class Page {
  /** Bytes that it holds as long as somebody reads. */
  readonly byteLength: number
  readonly #parts: ReadonlyArray<Part>
  readonly #turns: Turns.Turns
  readonly #done: (bytes: number, millis: number) => void
  #isRead = false
  #isDone = false

  /** `done` is told once, when one reader has the whole page: how long it is, and how long the writing took. */
  constructor(parts: ReadonlyArray<Part>, turns: Turns.Turns, done: (bytes: number, millis: number) => void) {
    this.byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0)
    this.#parts = parts
    this.#turns = turns
    this.#done = done
  }

  /** Begins to read. */
  read(): Reading {
    const isRepeated = this.#isRead
    this.#isRead = true
    let [part, piece, bytes, millis] = [0, 0, 0, 0]
    const fill = (lines: Lines): boolean => {
      lines.clear()
      for (; part < this.#parts.length; part++, piece = 0) {
        const { pieces, size, write } = this.#parts[part]!
        for (; piece < pieces; piece++) {
          if (!lines.fits(size(piece))) return true
          write(piece, lines)
        }
      }
      return false
    }
    return {
      next: (lines) =>
        this.#turns.work(isRepeated, () => {
          const started = performance.now()
          const more = fill(lines)
          bytes += lines.length
          millis += performance.now() - started
          if (!more && !this.#isDone) {
            this.#isDone = true
            this.#done(bytes, millis)
          }
          return more
        })
    }
  }
}
