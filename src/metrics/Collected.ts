/** Puts together what is recorded of a counter or gauge and what collectors tell of it. */
import * as Catalogue from "../Catalogue.ts"
import type * as Books from "./Books.ts"
import type * as Collectors from "./Collectors.ts"
import type * as Family from "./Family.ts"
import * as Rows from "./Rows.ts"

/** What collectors have told before. */
export type Answers = ReadonlyMap<Collectors.Entry, Collectors.Told>

/** What two collectors tell of one label set: amounts add up, of two moments the later one holds. */
const both = (definition: Catalogue.Definition, one: number, other: number): number =>
  definition.kind === "gauge" && definition.exposes === "age" ? Math.max(one, other) : one + other

/** What one collector tells, all of it or, where a part is garbage, a fault. */
const told = (family: Family.Family, entry: Collectors.Entry, answers: Answers | undefined) => {
  const { definition } = family
  const answer = answers?.get(entry) ?? entry.now?.()
  if (answer?._tag === "Fault") {
    throw new Error(`${definition.name}: a collector told nothing`, { cause: answer.fault })
  }
  return (answer?.values ?? []).flatMap(({ labels, value }) => {
    if (!Number.isFinite(value) || (definition.kind === "counter" && value < 0)) {
      throw new RangeError(`${definition.name}: a collector told ${value}`)
    }
    const resolved = family.resolve(labels)
    // What the collector itself has put there was counted by whoever did it.
    const overflowed = resolved?.overflowed?.filter((label) => labels[label] !== Catalogue.overflowValue) ?? []
    return resolved === undefined ? [] : [{ row: resolved.row, overflowed, value }]
  })
}

/**
 * What collectors tell, by row; those that were not asked before are asked now. One that fails is counted and left out,
 * but of a counter it is thrown.
 */
export const collected = (
  family: Family.Family,
  from: Iterable<Collectors.Entry>,
  answers: Answers | undefined,
  books: Books.Books
): ReadonlyMap<number, number> => {
  const { definition } = family
  const values = new Map<number, number>()
  for (const entry of from) {
    let answer: ReturnType<typeof told>
    try {
      answer = told(family, entry, answers)
    } catch (fault) {
      // A counter without one of its parts would seem to fall, and be taken for one that began anew.
      if (definition.kind === "counter") throw fault
      books.scrapeFailed(definition.name, fault)
      continue
    }
    for (const { overflowed, row, value } of answer) {
      family.overflow(overflowed)
      const other = values.get(row)
      values.set(row, other === undefined ? value : both(definition, other, value))
    }
  }
  return values
}

/** The values that are shown, one a row, of those that were recorded and those that collectors told. */
export const together = (
  family: Family.Family,
  definition: Catalogue.Counter | Catalogue.Gauge,
  recorded: Float64Array,
  told: ReadonlyMap<number, number> | undefined,
  now: number
): Float64Array => {
  const isAge = definition.kind === "gauge" && definition.exposes === "age"
  if (told === undefined && !isAge) return recorded
  // Rows that came since the numbers were copied show where a collector tells them.
  const values = new Float64Array(family.rows.count).fill(NaN)
  values.set(recorded)
  for (const [row, value] of told ?? []) {
    const own = values[row]!
    // What is counted in two places adds up; of a state, the collector knows the present one.
    values[row] = definition.kind === "counter" && Rows.isPresent(own) ? own + value : value
  }
  return isAge ? values.map((since) => Math.max(0, (now - since) / 1000)) : values
}
