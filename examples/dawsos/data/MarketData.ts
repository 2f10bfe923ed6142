/** The monthly closes of `stocks.csv` and `sp500.csv`, read once. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"

export interface Close {
  readonly symbol: string
  /** ISO date of the first day of the month, as the source has it. */
  readonly date: string
  readonly price: number
}

/** A data file is missing or has a row that cannot be read. */
export class MarketDataError extends Schema.TaggedError<MarketDataError>()("MarketDataError", {
  file: Schema.String,
  cause: Schema.Defect()
}) {}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** "Jan 1 2000" as "2000-01-01". */
export const isoDate = (text: string): string => {
  const [month = "", day = "", year = ""] = text.split(" ")
  const number = months.indexOf(month) + 1
  if (number === 0 || !/^\d{4}$/.test(year) || !/^\d{1,2}$/.test(day)) {
    throw new Error(`not a date: ${JSON.stringify(text)}`)
  }
  return `${year}-${String(number).padStart(2, "0")}-${day.padStart(2, "0")}`
}

const parse = (text: string, symbol?: string): ReadonlyArray<Close> =>
  text.trim().split(/\r?\n/).slice(1).map((line) => {
    const cells = line.split(",")
    const [name = "", date = "", price = ""] = symbol === undefined ? cells : [symbol, ...cells]
    if (!(Number(price) > 0)) throw new Error(`not a price: ${JSON.stringify(line)}`)
    return { symbol: name, date: isoDate(date), price: Number(price) }
  })

const load = (file: string, symbol?: string): Effect.Effect<ReadonlyArray<Close>, MarketDataError> =>
  Effect.tryPromise({
    try: () => readFile(new URL(file, import.meta.url), "utf8").then((text) => parse(text, symbol)),
    catch: (cause) => new MarketDataError({ file, cause })
  })

/** All closes: five stocks and the index under the symbol SPX, each series in order of date. */
export const marketData: Effect.Effect<ReadonlyArray<Close>, MarketDataError> = Effect.map(
  Effect.all([load("./stocks.csv"), load("./sp500.csv", "SPX")]),
  (parts) => parts.flat()
)
