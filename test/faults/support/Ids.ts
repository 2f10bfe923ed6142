/** The ids that a program ended, those that arrived, and the books, held against one another. */
import { Accounting } from "@dawsos/observability"
import type { Arrivals } from "../../../examples/receiver/Receiver.ts"
import type { Fates } from "./Fates.ts"

/** What is compared, once nothing is on its way any more. */
export interface Evidence {
  /** The spans that the program ended. */
  readonly ended: ReadonlyArray<string>
  readonly arrivals: Arrivals
  readonly books: Accounting.SinkAccounting
  readonly fates: Fates
}

/** What the comparison brought. */
export interface Comparison {
  /** Everything that is not as promised, in words; empty when all is well. */
  readonly wrong: ReadonlyArray<string>
  /** Spans that are there although nobody said so: their answers were lost. */
  readonly unconfirmed: ReadonlyArray<string>
  /** Spans that are there more than once. */
  readonly duplicates: ReadonlyArray<string>
}

const without = (ids: Iterable<string>, ...others: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> =>
  [...new Set(ids)].filter((id) => others.every((other) => !other.has(id)))

const shown = (ids: ReadonlyArray<string>): string => `${ids.length} (${ids.slice(0, 3).join(", ")})`

/** Compares one by one. */
export const compare = ({ arrivals, books, ended, fates }: Evidence): Comparison => {
  const wrong: Array<string> = []
  const none = (what: string, ids: ReadonlyArray<string>): void => {
    if (ids.length > 0) wrong.push(`${what}: ${shown(ids)}`)
  }
  const accepted = new Set(arrivals.accepted)
  const { exported, partial, unanswered } = fates
  const inPart = new Set(partial.flatMap(({ ids }) => ids))

  none("received and never ended", without(arrivals.received, new Set(ended)))
  none("exported and not there", without(exported, accepted))
  none("sent again after the answer was lost", fates.repeated)

  let arrivedInPart = 0
  for (const { ids, result } of partial) {
    arrivedInPart += result.accepted
    const there = ids.filter((id) => accepted.has(id)).length
    const open = result.dropped?.timeout ?? 0
    if (there < result.accepted || there > result.accepted + open) {
      wrong.push(`of a part ${result.accepted} are told to be there, and ${there} are`)
    }
  }
  const told = exported.size + arrivedInPart
  if (books.exported !== told) wrong.push(`exported ${books.exported} in the books, ${told} by the sink`)

  const unconfirmed = without(accepted, exported, inPart)
  none("there, not exported, and no answer was lost", without(unconfirmed, unanswered))
  const openInPart = partial.reduce((sum, { result }) => sum + (result.dropped?.timeout ?? 0), 0)
  if (books.dropped.timeout !== unanswered.size + openInPart) {
    wrong.push(`the answers of ${unanswered.size} are lost, ${books.dropped.timeout} are counted as timeout`)
  }

  // Sent once more on a fresh connection, since the old one broke before the answer.
  const resent = books.delivery?.resent ?? 0
  const duplicates = [...new Set(arrivals.accepted.filter((id, index) => arrivals.accepted.indexOf(id) !== index))]
  if (duplicates.length > resent) wrong.push(`there twice: ${shown(duplicates)}, counted ${resent}`)
  const over = books.exported + Accounting.droppedTotal(books)
  if (over !== ended.length) wrong.push(`ended ${ended.length}, and the fate of ${over} is told`)
  return { wrong, unconfirmed, duplicates }
}
