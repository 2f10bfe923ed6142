/**
 * Attributes that come as keys and values in turn, and shall stay so: as a span has them, and as a request tells them.
 */

/** What scrubs attributes as a record. */
export type ScrubRecord = (record: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>

/**
 * The same for keys and values in turn, each key once; undefined where only the record can tell. `clean` are others, of
 * primitive values, in which it has found nothing: what they say at the same place is not searched again.
 */
export type ScrubListed = (
  keyValues: ReadonlyArray<unknown>,
  clean?: ReadonlyArray<unknown>
) => Array<unknown> | undefined

// By the very function: a scrubber that somebody has wrapped, or a part of it, is asked in the way that he knows.
const twins = new WeakMap<ScrubRecord, ScrubListed>()

/** Says that one function does for lists what another does for records. */
export const pair = (ofRecord: ScrubRecord, ofList: ScrubListed): void => {
  twins.set(ofRecord, ofList)
}

const unknown: ScrubListed = () => undefined

/** The one for lists; where there is none, it never answers. */
export const of = (ofRecord: ScrubRecord): ScrubListed => twins.get(ofRecord) ?? unknown
