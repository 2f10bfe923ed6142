/** The ways in which a text reaches the scrubber: each also holds the word “kept”, which must stay. */
import type { Scrubber } from "@dawsos/observability"
import * as EffectHeaders from "effect/http/Headers"
import { inspect } from "node:util"

class ProviderError extends Error {
  readonly detail: string
  constructor(detail: string) {
    super("provider failed")
    this.detail = detail
  }
}

/** What is shown of a text where it was put. */
export interface Carrier {
  readonly name: string
  readonly show: (scrubber: Scrubber.Scrubber, text: string) => unknown
}

/** A header can't hold every character. */
const headerValue = (text: string): string => /^[\t\x20-\x7e]+$/.test(text) ? text : encodeURIComponent(text)

const form = (name: string, value: string): FormData => {
  const data = new FormData()
  data.set("kept", "kept")
  data.set(name, value)
  return data
}

const quotedForSql = (text: string): string => text.replaceAll("'", "''")

/** Where any text can stand. */
export const carriers: ReadonlyArray<Carrier> = [
  { name: "a URL's path", show: (scrubber, text) => scrubber.url(`https://h/kept/${encodeURIComponent(text)}/x`) },
  {
    name: "a URL's query",
    show: (scrubber, text) => scrubber.url(`https://h/kept?q=${encodeURIComponent(text)}&limit=1`)
  },
  { name: "a URL's fragment", show: (scrubber, text) => scrubber.url(`https://h/kept#q=${encodeURIComponent(text)}`) },
  {
    name: "a URL in text",
    show: (scrubber, text) => scrubber.text(`GET https://h/kept?q=${encodeURIComponent(text)}&a=1 500`)
  },
  {
    name: "a header line",
    show: (scrubber, text) => scrubber.text(`Host: kept\r\nX-Note: ${headerValue(text)}\r\nAccept: */*\r\n`)
  },
  {
    name: "Headers",
    show: (scrubber, text) => scrubber.value(new Headers({ "x-note": headerValue(text), kept: "1" }))
  },
  {
    name: "Effect's headers",
    show: (scrubber, text) => scrubber.value(EffectHeaders.fromInput({ "x-note": headerValue(text), kept: "1" }))
  },
  { name: "a form's body", show: (scrubber, text) => scrubber.text(`kept=1&note=${encodeURIComponent(text)}&x=2`) },
  {
    name: "a form that URLSearchParams writes",
    show: (scrubber, text) => scrubber.text(`POST kept ${new URLSearchParams({ note: text, x: "2" }).toString()} 200`)
  },
  {
    name: "a URL that has blanks as plus signs",
    show: (scrubber, text) => scrubber.url(`https://h/kept?${new URLSearchParams({ x: "2", note: text }).toString()}`)
  },
  {
    name: "a path as URL writes it",
    show: (scrubber, text) => scrubber.text(new URL(`https://h/kept/${text.replaceAll("\n", "\\n")}`).href)
  },
  {
    name: "a query as URL writes it",
    show: (scrubber, text) => scrubber.text(new URL(`https://h/kept?note=${text.replaceAll("\n", "\\n")}`).href)
  },
  {
    name: "a query as URL writes it, encoded once more",
    show: (scrubber, text) =>
      scrubber.url(
        `/kept?next=${encodeURIComponent(new URL(`https://h/x?note=${text.replaceAll("\n", "\\n")}`).search)}`
      )
  },
  { name: "a span's name", show: (scrubber, text) => scrubber.text(`kept ${text}.find`) },
  {
    name: "a JSON body",
    show: (scrubber, text) => scrubber.text(JSON.stringify({ kept: true, items: [{ note: text }] }))
  },
  {
    name: "a part of a JSON body",
    show: (scrubber, text) => scrubber.text(`kept: ${JSON.stringify({ items: [{ note: text }] })} in 5 ms`)
  },
  { name: "an element", show: (scrubber, text) => scrubber.text(`<kept/><note>${text}</note>`) },
  { name: "an error's message", show: (scrubber, text) => scrubber.value(new Error(`kept: ${text}`)) },
  {
    name: "a chain of causes",
    show: (scrubber, text) => scrubber.value(new Error("kept", { cause: new Error("b", { cause: new Error(text) }) }))
  },
  {
    name: "an AggregateError",
    show: (scrubber, text) => scrubber.value(new AggregateError([new Error(text)], "kept"))
  },
  {
    name: "a field of an error's subclass",
    show: (scrubber, text) => scrubber.value(new Error("kept", { cause: new ProviderError(text) }))
  },
  {
    name: "SQL",
    show: (scrubber, text) => scrubber.text(`INSERT INTO kept (note) VALUES (1, '${quotedForSql(text)}') RETURNING id`)
  },
  { name: "a Postgres detail", show: (scrubber, text) => scrubber.text(`Key (kept)=(${text}) already exists.`) },
  {
    name: "a Postgres message",
    show: (scrubber, text) => scrubber.text(`kept: invalid input syntax for type uuid: "${text.replaceAll("\n", " ")}"`)
  },
  {
    name: "a log message",
    show: (scrubber, text) => scrubber.text(`10:30:00.123 INFO kept (worker 3): ${text}, retrying`)
  },
  { name: "a log annotation", show: (scrubber, text) => scrubber.attributes({ note: text, kept: 1 }) },
  {
    name: "a span's attribute",
    show: (scrubber, text) => scrubber.attributes(new Map([["app.note", text], ["kept", "1"]]))
  },
  { name: "a label's value", show: (scrubber, text) => ["kept", scrubber.text(text)] },
  {
    name: "a Map",
    show: (scrubber, text) => scrubber.value(new Map<unknown, unknown>([[{ kept: 1 }, { note: text }], [2, text]]))
  },
  { name: "a Set", show: (scrubber, text) => scrubber.value(new Set(["kept", text])) },
  { name: "a Buffer", show: (scrubber, text) => scrubber.value({ kept: Buffer.from(text) }) },
  { name: "a typed array", show: (scrubber, text) => scrubber.value({ kept: new TextEncoder().encode(text) }) },
  {
    name: "a Buffer that JSON was made of",
    show: (scrubber, text) => scrubber.text(JSON.stringify({ kept: true, body: Buffer.from(text) }))
  },
  {
    name: "a typed array that JSON was made of",
    show: (scrubber, text) => scrubber.attributes({ kept: 1, body: JSON.stringify(new TextEncoder().encode(text)) })
  },
  {
    name: "a Buffer in a part of JSON text",
    show: (scrubber, text) =>
      scrubber.text(`kept: ${JSON.stringify(JSON.stringify({ body: Buffer.from(text) }, null, 2))} and no more`)
  },
  {
    name: "a Buffer that Node inspects",
    show: (scrubber, text) => scrubber.text(`kept ${inspect(Buffer.from(text))}`)
  },
  {
    name: "a typed array that Node inspects",
    show: (scrubber, text) => scrubber.text(`kept ${inspect(new TextEncoder().encode(text))}`)
  },
  {
    name: "a URL object",
    show: (scrubber, text) => scrubber.value(new URL(`https://h/kept?note=${encodeURIComponent(text)}#x`))
  },
  { name: "URLSearchParams", show: (scrubber, text) => scrubber.value(new URLSearchParams({ kept: "1", note: text })) },
  { name: "FormData", show: (scrubber, text) => scrubber.value(form("note", text)) },
  {
    name: "JSON in a string in JSON",
    show: (scrubber, text) => scrubber.value({ kept: JSON.stringify({ body: JSON.stringify({ note: text }) }) })
  },
  { name: "a property's name", show: (scrubber, text) => scrubber.value({ kept: { [text]: 1 } }) },
  { name: "an array's item", show: (scrubber, text) => scrubber.value(["kept", [[text]]]) }
]

/** What is shown of a value beside its name. */
export interface NamedCarrier {
  readonly name: string
  readonly show: (scrubber: Scrubber.Scrubber, key: string, value: string) => unknown
}

/** Where a value stands beside its name. */
export const namedCarriers: ReadonlyArray<NamedCarrier> = [
  { name: "an object", show: (scrubber, key, value) => scrubber.value({ kept: { deep: [{ [key]: value }] } }) },
  {
    name: "a Map",
    show: (scrubber, key, value) => scrubber.value(new Map<string, unknown>([["kept", 1], [key, value]]))
  },
  { name: "Headers", show: (scrubber, key, value) => scrubber.value(new Headers({ kept: "1", [key]: value })) },
  {
    name: "URLSearchParams",
    show: (scrubber, key, value) => scrubber.value(new URLSearchParams({ kept: "1", [key]: value }))
  },
  { name: "FormData", show: (scrubber, key, value) => scrubber.value(form(key, value)) },
  { name: "a list of pairs", show: (scrubber, key, value) => scrubber.value([["kept", 1], [key, value]]) },
  { name: "a name and a value", show: (scrubber, key, value) => scrubber.value([{ kept: 1 }, { name: key, value }]) },
  {
    name: "JSON text",
    show: (scrubber, key, value) => scrubber.text(JSON.stringify({ kept: 1, a: { [key]: value } }))
  },
  {
    name: "a part of JSON text",
    show: (scrubber, key, value) => scrubber.text(`kept {"a":{"${key}":"${value}"},"b":[{`)
  },
  {
    name: "a query",
    show: (scrubber, key, value) => scrubber.url(`https://h/kept?a=1&${key}=${encodeURIComponent(value)}&b=2`)
  },
  { name: "a line of a header", show: (scrubber, key, value) => scrubber.text(`kept: 1\r\n${key}: ${value}\r\nx: 2`) },
  {
    name: "SQL",
    show: (scrubber, key, value) => scrubber.text(`SELECT kept FROM x WHERE "${key}" = '${value}' AND b = 2`)
  },
  { name: "an assignment", show: (scrubber, key, value) => scrubber.text(`kept export ${key}="${value}"`) },
  {
    name: "an error's field",
    show: (scrubber, key, value) => scrubber.value(Object.assign(new Error("kept"), { [key]: value }))
  },
  { name: "an attribute", show: (scrubber, key, value) => scrubber.attributes({ kept: 1, [key]: value }) }
]

/** Where a long value stands behind words that say what it is, in what a provider answers. */
export const wordedCarriers: ReadonlyArray<NamedCarrier> = [
  { name: "a refusal", show: (scrubber, _, value) => scrubber.text(`kept: Invalid API key ${value}`) },
  {
    name: "a sentence",
    show: (scrubber, _, value) => scrubber.text(`kept: the access token is "${value}", which expired`)
  },
  {
    name: "an error",
    show: (scrubber, _, value) => scrubber.value(new Error(`kept: api key provided: ${value} was refused`))
  },
  {
    name: "a URL's query",
    show: (scrubber, _, value) => scrubber.url(`/kept?m=${encodeURIComponent(`secret ${value} expired`)}`)
  }
]
