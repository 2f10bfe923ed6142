/**
 * Puts the registry, Effect's own metrics and Node's together on pages for Prometheus.
 *
 * The metrics of the catalogue are copied as numbers, all at one moment, and written as they are read: a page of a
 * hundred thousand lines is never a text, and nobody waits for the event loop while it is written.
 */
import * as Timers from "node:timers/promises"
import type * as Family from "./Family.ts"
import * as FamilyText from "./FamilyText.ts"
import * as Foreign from "./Foreign.ts"
import { Lines } from "./Lines.ts"
import type * as Metrics from "./Metrics.ts"
import * as Page from "./Page.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Turns from "./Turns.ts"

export { contentTypes } from "./Foreign.ts"

/** What an exposition is written from. */
export type Options = Foreign.Options

/** Opens a page; those who ask while it is being put together share it. */
export type Open = (format: Metrics.Format) => Promise<Page.Page>

/** Writes a page as a text. */
export type Render = (format: Metrics.Format) => Promise<string>

/** One answer for all who ask before it is there. */
const shared = <A>(ask: (format: Metrics.Format) => Promise<A>): (format: Metrics.Format) => Promise<A> => {
  const running = new Map<Metrics.Format, Promise<A>>()
  return (format) => {
    const present = running.get(format)
    if (present !== undefined) return present
    const next = ask(format).finally(() => running.delete(format))
    running.set(format, next)
    return next
  }
}

/** Makes the function that opens pages. */
export const pages = (options: Options): Open => {
  const { registry } = options
  const { books } = registry
  const foreign = Foreign.make(options)
  const turns = new Turns.Turns()
  const written = new WeakMap<Family.Family, FamilyText.FamilyText>()

  const textOf = (family: Family.Family): FamilyText.FamilyText => {
    const known = written.get(family)
    if (known !== undefined) return known
    const made = new FamilyText.FamilyText(family)
    written.set(family, made)
    return made
  }

  const partsOf = (snapshot: Snapshot.Snapshot, format: Metrics.Format): ReadonlyArray<Page.Part> => {
    if (Snapshot.isEmpty(snapshot)) return []
    const text = textOf(snapshot.family)
    return [Page.ofBytes(text.header(format)), Page.ofRows(text, snapshot)]
  }

  return shared(async (format) => {
    const began = performance.now()
    const gather = async () => {
      // Node's metrics take as long to be asked as all others to be copied: everybody else gets a turn in between.
      await Timers.setImmediate()
      const rest = turns.resting()
      return { gathered: await registry.gather(format === "openmetrics"), rest }
    }
    const [runtime, { gathered, rest }] = await Promise.all([foreign.runtime(), gather()])
    const parts: Array<Page.Part> = []
    for (const { definition } of gathered.rows.keys()) {
      const snapshot = registry.snapshot(definition, gathered)
      try {
        if (snapshot !== undefined) parts.push(...partsOf(snapshot, format))
      } catch (fault) {
        books.scrapeFailed(definition.name, fault)
      }
      await rest()
    }
    for (const text of await foreign.texts(format, runtime, rest)) parts.push(Page.ofBytes(Buffer.from(text)))
    if (format === "openmetrics") parts.push(Page.ofBytes(Buffer.from("# EOF\n")))
    const opening = performance.now() - began
    return new Page.Page(parts, turns, (bytes, millis) => books.scraped(format, (opening + millis) / 1000, bytes))
  })
}

/** Makes the function that writes pages as texts; those that are asked for at the same time are one. */
export const texts = (open: Open): Render =>
  shared(async (format) => {
    const reading = (await open(format)).read()
    const lines = new Lines()
    const chunks: Array<Uint8Array> = []
    for (let more = true; more;) {
      more = await reading.next(lines)
      chunks.push(lines.written.slice())
    }
    return Buffer.concat(chunks).toString()
  })

/** Both in one. */
export const make = (options: Options): Render => texts(pages(options))
