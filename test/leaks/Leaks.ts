// One run of the reference program: everything is sent through it, and everything that left it is searched.
import * as Effect from "effect/Effect"
import { type Carrier, eventMarkers, type Sink } from "./Carriers.ts"
import * as ReferenceProgram from "./ReferenceProgram.ts"
import * as Search from "./Search.ts"
import * as Traffic from "./Traffic.ts"

/** What the search has seen. */
export interface Report {
  /** Secrets that were sent, each carrier's counted. */
  readonly sent: number
  /** Different texts that were looked for. */
  readonly needles: number
  /** Bytes searched, by the way on which they left. */
  readonly bytes: Readonly<Record<string, number>>
  /** Secrets that were found, a line for each and the way on which it left. */
  readonly leaks: ReadonlyArray<string>
  /** On which ways any secret was found. */
  readonly leaking: ReadonlyArray<string>
  /** Markers that are missing where they have to be, a line each. */
  readonly missing: ReadonlyArray<string>
}

export interface Options {
  readonly destination: ReferenceProgram.Destination
  /** Chooses encodings and seeds the secrets. */
  readonly turn: number
  readonly scrubber: "on" | "off"
  readonly carriers: ReadonlyArray<Carrier>
  /** Of how many secrets a carrier is given one, each carrier others; all of them unless set. */
  readonly oneOf?: number
}

/** The ways on which a sink's bytes leave. */
const waysOf = (sink: Sink, destination: ReferenceProgram.Destination): ReadonlyArray<string> => {
  switch (sink) {
    case "spans":
      return [destination, "sentryOtlp"]
    case "links":
      // Thrift has no attributes for them.
      return destination === "otlp" ? ["otlp", "sentryOtlp"] : ["sentryOtlp"]
    case "log":
      return ["standard error"]
    default:
      return [sink]
  }
}

/** Secrets of the program itself that its requests or its environment carry. */
const own = [
  ReferenceProgram.metricsToken,
  ...["fmp", "polygon", "fred", "newsapi"].map((provider) => `simulated-${provider}-key`)
]

/** Runs the program, sends the secrets through the carriers, ends it and searches. */
export const search = Effect.fnUntraced(function*(options: Options) {
  const { carriers, destination, oneOf = 1 } = options
  const sent = Traffic.secrets(options.turn)
  const offsets = new Map(carriers.map(({ name }, index) => [name, index]))
  const sentBy = (name: string) => sent.filter((_, index) => (index + (offsets.get(name) ?? 0)) % oneOf === 0)
  const program = yield* ReferenceProgram.run(destination, options)
  yield* Traffic.drive(program, carriers.map(({ name }) => name), sentBy)
  const captured = yield* program.end

  const owners = new Map([
    ...own.map((secret) => [secret, secret] as const),
    ...sent.flatMap(({ encoding, needles, shape }) => needles.map((text) => [text, `${shape}, ${encoding}`] as const))
  ])
  const needles = new Search.Needles(owners.keys())
  const markers = new Search.Needles([...carriers.map(({ marker }) => marker), ...eventMarkers])
  const bytes: Record<string, number> = {}
  const leaks = new Map<string, string>()
  const leaking = new Set<string>()
  const seen = new Map<string, number>()
  for (const [way, parts] of captured) {
    bytes[way] = 0
    for (const part of parts) {
      bytes[way] += part.length
      for (const { around, needle } of needles.find(part)) {
        leaking.add(way)
        const what = `${owners.get(needle)} on ${way}`
        if (!leaks.has(what)) leaks.set(what, `${what}: ${JSON.stringify(needle)} in ${around}`)
      }
      for (const { needle } of markers.find(part)) {
        seen.set(`${way} ${needle}`, (seen.get(`${way} ${needle}`) ?? 0) + 1)
      }
    }
  }
  const missing = carriers.flatMap(({ marker, name, reaches }) =>
    reaches.flatMap((sink) => waysOf(sink, destination)).flatMap((way) => {
      const count = seen.get(`${way} ${marker}`) ?? 0
      // What was scrubbed alike is one series.
      const least = way === "metrics" ? 1 : Traffic.itemsOf(name, sentBy(name)).length
      return count >= least ? [] : [`${name} reached ${way} ${count} times, not ${least}`]
    })
  )
  const parts = carriers.some(({ name }) => name === "event") ? eventMarkers : []
  const missingParts = parts.filter((marker) => !seen.has(`sentry ${marker}`)).map((marker) => `${marker} on sentry`)
  const report: Report = {
    sent: carriers.reduce((sum, { name }) => sum + sentBy(name).length, 0),
    needles: owners.size,
    bytes,
    leaks: [...leaks.values()],
    leaking: [...leaking],
    missing: [...missing, ...missingParts]
  }
  return report
}, Effect.scoped)
