// What is sent through the reference program: every secret, in every encoding, by every carrier.
import * as Effect from "effect/Effect"
import { demoPortfolios, demoUsers } from "../../examples/dawsos/database/Seed.ts"
import * as Secrets from "../support/Secrets.ts"
import type { Entry, Item } from "./Item.ts"
import * as ReferenceProgram from "./ReferenceProgram.ts"

/** The ways in which a carrier may write a secret. */
const encodings = Secrets.encodings.filter(({ name }) => ["raw", "percent-encoded", "base64"].includes(name))

/** A secret in one encoding, as a carrier takes it. */
export interface Sent extends Entry {
  readonly shape: string
  readonly encoding: string
  /** The texts of which none may be found. */
  readonly needles: ReadonlyArray<string>
}

/**
 * Every shape in one encoding each, another one for each of three following turns: three programs with turns of their
 * own have together sent everything.
 */
export const secrets = (turn: number): ReadonlyArray<Sent> =>
  Secrets.secretShapes.map((shape, index): Sent => {
    const { parts, text } = shape.make(turn)
    const { encode, name } = encodings[(index + turn) % encodings.length]!
    const value = encode(text)
    return {
      shape: shape.name,
      encoding: name,
      key: shape.keys?.[0] ?? "detail",
      value,
      text: Secrets.inContext(shape, value),
      needles: parts.flatMap(Secrets.needles)
    }
  })

/** How many secrets one item of a carrier holds: of error events only ten of a kind leave in a minute. */
const perItem = (carrier: string): number => carrier.startsWith("event") || carrier.startsWith("provider") ? 16 : 1

/** The marker of a carrier: a word that means nothing to anybody, and that no other marker begins with. */
export const markerOf = (carrier: string): string => `zq${carrier.replace(/[^a-z]/gi, "").toLowerCase()}qz`

const chunked = <A>(values: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, index) => values.slice(index * size, (index + 1) * size))

/** What a probe is sent: a marker and the secrets, one or several of them in an item. */
export const itemsOf = (carrier: string, sent: ReadonlyArray<Sent>): ReadonlyArray<Item> =>
  chunked(sent, perItem(carrier)).map((entries) => ({
    marker: markerOf(carrier),
    entries: entries.map(({ key, text, value }) => ({ key, text, value }))
  }))

const ada = { authorization: `Bearer ${demoUsers[0].token}` }

/** For carriers that give no name to what they carry: secrets that only their name tells are none there. */
const nameless = ({ text, value }: Sent): string => text === value ? value : "none"

const json = { "content-type": "application/json" }

const headerValue = (text: string): string =>
  text.toWellFormed().replace(/[^\t\x20-\x7e]/gu, (character) => encodeURIComponent(character)).trim()

const query = ({ key, value }: Sent): string => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`

/** Carriers that a client of the API chooses. */
export const requests: Readonly<Record<string, (sent: Sent, marker: string) => ReferenceProgram.Request>> = {
  "request path": ({ text }, marker) => ({ target: `/${marker}/${text}` }),
  "request path of a route": ({ text }, marker) => ({
    target: `/api/quotes/${encodeURIComponent(text)}?${marker}=1`,
    headers: ada
  }),
  "request query": ({ value, key }, marker) => ({
    target: `/api/patterns/list?${marker}=1&${encodeURIComponent(key)}=${value}`
  }),
  "request query of text": ({ text }, marker) => ({ target: `/${marker}?q=${encodeURIComponent(text)}` }),
  "request headers": ({ key, text, value }, marker) => ({
    target: `/${marker}`,
    headers: {
      ...ada,
      [key.replace(/[^\w-]/g, "-")]: headerValue(value),
      cookie: headerValue(`sid=${value}`),
      referer: headerValue(`https://app.example.com/?${text}`),
      "user-agent": headerValue(`${marker} ${text}`),
      "x-forwarded-for": headerValue(text),
      "x-api-key": headerValue(value),
      "x-note": headerValue(text)
    }
  }),
  "request ids": (sent, marker) => ({
    target: `/${marker}`,
    headers: {
      authorization: headerValue(`Bearer ${sent.value}`),
      "x-request-id": headerValue(nameless(sent)),
      "x-user-id": headerValue(sent.value),
      tracestate: headerValue(`v=${nameless(sent)}`),
      baggage: headerValue(`k=${sent.value}`)
    }
  }),
  "request body": ({ text }, marker) => ({
    method: "POST",
    target: "/v1/execute",
    headers: { ...ada, ...json },
    body: JSON.stringify({ pattern_id: `${marker} ${text}` })
  }),
  "request body of a wrong shape": (sent, marker) => ({
    method: "POST",
    target: `/api/alerts?${marker}=1`,
    headers: { ...ada, ...json },
    body: `{"condition": ${JSON.stringify(sent.text)}, ${JSON.stringify(sent.key)}: ${JSON.stringify(sent.value)}`
  }),
  "pattern input": ({ text }, marker) => ({
    method: "POST",
    target: "/v1/execute",
    headers: { ...ada, ...json },
    body: JSON.stringify({
      pattern_id: "portfolio_overview",
      inputs: {
        portfolio_id: demoPortfolios[0].id,
        [`${marker} ${text}`]: 1
      }
    })
  }),
  "security of a pattern": ({ text }, marker) => ({
    method: "POST",
    target: "/v1/execute",
    headers: { ...ada, ...json },
    body: JSON.stringify({ pattern_id: "buffett_checklist", inputs: { security_id: `${marker} ${text}` } })
  }),
  "metrics path": (sent, marker) => ({ target: `/${marker}/${sent.value}?${query(sent)}` })
}

/** Sends the secrets by the carriers of these names, and scrapes what the metrics show. */
export const drive = Effect.fnUntraced(function*(
  program: ReferenceProgram.Program,
  carriers: ReadonlyArray<string>,
  sentBy: (carrier: string) => ReadonlyArray<Sent>
) {
  for (const name of carriers) {
    const sent = sentBy(name)
    const make = requests[name]
    if (make === undefined) {
      yield* program.probe(name, itemsOf(name, sent))
      continue
    }
    const ask = name.startsWith("metrics") ? program.metrics : program.api
    yield* Effect.forEach(sent, (one) => ask(make(one, markerOf(name))), { concurrency: 4, discard: true })
  }
  const authorization = `Bearer ${ReferenceProgram.metricsToken}`
  for (const accept of ["text/plain", "application/openmetrics-text"]) {
    yield* program.metrics({ target: "/metrics", headers: { accept, authorization } })
  }
})
