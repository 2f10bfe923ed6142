// The books of many lives as one.

/** What became of all spans of a sink, or of all events. */
export interface Book {
  readonly all: number
  readonly sent: number
  readonly dropped: Readonly<Record<string, number>>
  /** Neither: at the end of a life there is none. */
  readonly waiting: number
  /** Sent twice, since a connection broke before the answer. */
  readonly resent: number
}

const none: Book = { all: 0, sent: 0, dropped: {}, waiting: 0, resent: 0 }

/** Enters the books of one more life. */
export const add = (to: Book = none, { all, dropped, resent, sent, waiting }: Book): Book => ({
  all: to.all + all,
  sent: to.sent + sent,
  dropped: Object.fromEntries(
    Object.entries(dropped).map(([reason, count]) => [reason, (to.dropped[reason] ?? 0) + count])
  ),
  waiting: to.waiting + waiting,
  resent: to.resent + resent
})

/** How many were not sent. */
export const lost = ({ dropped }: Book): number => Object.values(dropped).reduce((sum, count) => sum + count, 0)
