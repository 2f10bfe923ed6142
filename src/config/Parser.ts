import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { isIP } from "node:net"
import * as Scrubber from "../Scrubber.ts"

/**
 * Reads one variable's text. A failure is the reason in words; it never holds the text or a part of it, since the text
 * may be a secret. `allowed` completes "Allowed: …".
 */
export interface Parser<out A> {
  readonly allowed: string
  readonly parse: (text: string) => Result.Result<A, string>
  /** What of a refused text may be shown, where its parts are not alike in this. */
  readonly show?: ((text: string) => string) | undefined
}

const longestTimer = 2_147_483_647 // Node's timers fire at once beyond 2^31 - 1 ms

const decodePercent = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // the caller turns it into a reason
  }
}

/** On or off, in any case: the base document lower-cases its switch, and writes `True` in places. */
export const boolean: Parser<boolean> = {
  allowed: "true or false in any case (also yes/no, on/off, 1/0, y/n)",
  parse(text) {
    const lower = text.toLowerCase()
    if (["true", "yes", "on", "1", "y"].includes(lower)) return Result.succeed(true)
    if (["false", "no", "off", "0", "n"].includes(lower)) return Result.succeed(false)
    return Result.fail("neither true nor false")
  }
}

/** A whole number in decimal digits: `0x1`, `1e3` and `8001.0` are refused, since they are typing errors here. */
export const integer = (minimum: number, maximum: number, note = ""): Parser<number> => ({
  allowed: `a whole number from ${minimum} to ${maximum} in decimal digits${note}`,
  parse(text) {
    if (!/^\d+$/.test(text)) return Result.fail("not a whole number in decimal digits")
    const value = Number(text)
    return value >= minimum && value <= maximum ? Result.succeed(value) : Result.fail("out of range")
  }
})

/** Whole milliseconds, at least 1: every wait of the layer has an end, so 0 ("no limit" in places) is refused. */
export const milliseconds: Parser<Duration.Duration> = {
  allowed: `whole milliseconds from 1 to ${longestTimer} in decimal digits`,
  parse: (text) => Result.map(integer(1, longestTimer).parse(text), Duration.millis)
}

/** A share from 0 to 1. */
export const ratio: Parser<number> = {
  allowed: "a decimal number from 0 to 1",
  parse(text) {
    if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
      return Result.fail(/^-(\d|\.\d)/.test(text) ? "out of range" : "not a decimal number")
    }
    const value = Number(text)
    return value <= 1 ? Result.succeed(value) : Result.fail("out of range")
  }
}

const isControl = (c: number): boolean => c < 0x20 || (c >= 0x7f && c < 0xa0)

// Told without \p{Cc}, whose classes of Unicode a program that starts would wait for.
const hasControl = (value: string): boolean => {
  for (let i = 0; i < value.length; i++) if (isControl(value.charCodeAt(i))) return true
  return false
}

/** A name for people: no control characters, bounded in length. */
export const text = (maximum: number): Parser<string> => ({
  allowed: `1 to ${maximum} characters, none of them a control character`,
  parse(value) {
    if (hasControl(value) || !value.isWellFormed()) return Result.fail("it contains a control character")
    return value.length <= maximum ? Result.succeed(value) : Result.fail(`it has ${value.length} characters`)
  }
})

/** A host name or an IP address (IPv6 with or without brackets), without scheme and port. */
export const host: Parser<string> = {
  allowed: "a host name or an IP address, without scheme and port",
  parse(value) {
    const bare = /^\[.*\]$/.test(value) ? value.slice(1, -1) : value
    if (isIP(bare) !== 0 && (bare === value || isIP(bare) === 6)) return Result.succeed(bare)
    // Four numbers that are no address would otherwise pass as a name.
    const isName = value.length <= 253 && !/^[\d.]+$/.test(value) &&
      /^(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*\.?$/.test(value)
    return isName ? Result.succeed(value) : Result.fail("neither a host name nor an IP address")
  }
}

/** An `http` or `https` address, with its credentials taken out of it. */
export interface HttpUrl {
  readonly url: URL
  readonly credentials: Redacted.Redacted<string> | undefined
}

const parseHttpUrl = (value: string): Result.Result<HttpUrl, string> => {
  if (!URL.canParse(value)) return Result.fail("not an absolute URL")
  const url = new URL(value)
  if (url.protocol !== "http:" && url.protocol !== "https:") return Result.fail("its scheme is not http or https")
  if (url.username === "" && url.password === "") return Result.succeed({ url, credentials: undefined })
  const credentials = decodePercent(`${url.username}:${url.password}`)
  if (credentials === undefined) return Result.fail("its credentials are not percent-encoded")
  url.username = ""
  url.password = ""
  return Result.succeed({ url, credentials: Redacted.make(credentials) })
}

/** An `http` or `https` address; credentials in it are kept apart as a secret. */
export const httpUrl: Parser<HttpUrl> = {
  allowed: "an absolute http or https URL",
  parse: parseHttpUrl
}

/** A token as `Authorization: Bearer` can carry it. */
export const bearerToken: Parser<Redacted.Redacted<string>> = {
  allowed: "visible ASCII characters without spaces, as a bearer token has",
  parse: (value) =>
    /^[\x21-\x7e]+$/.test(value)
      ? Result.succeed(Redacted.make(value))
      : Result.fail("it contains a space or a character outside visible ASCII")
}

/** The value that the base document's `.env` shows in place of a DSN. */
export const dsnPlaceholder = "your-sentry-dsn-here"

/** A Sentry DSN; `undefined` stands for the placeholder of the base document. */
export const dsn: Parser<Redacted.Redacted<string> | undefined> = {
  allowed: `https://PUBLIC_KEY@HOST/PROJECT_ID (http too), or the placeholder ${dsnPlaceholder}, which means "not set"`,
  parse(value) {
    if (value.toLowerCase() === dsnPlaceholder) return Result.succeed(undefined)
    if (!URL.canParse(value)) return Result.fail("not an absolute URL")
    const url = new URL(value)
    if (url.protocol !== "http:" && url.protocol !== "https:") return Result.fail("its scheme is not http or https")
    if (!/^\w+$/.test(url.username)) return Result.fail("it has no public key before @, or one with odd characters")
    if (!/\/\d+$/.test(url.pathname)) return Result.fail("it does not end in a numeric project id")
    if (url.search !== "" || url.hash !== "") return Result.fail("it has a query or a fragment")
    // The text itself must have the shape too: `URL` repairs backslashes, tabs and missing slashes, Sentry does not.
    if (!/^https?:\/\/\w+(:\w*)?@(\[[\w:.%]+\]|[\w.-]+)(:\d+)?\/([^\s\\]*\/)?\d+$/i.test(value)) {
      return Result.fail("not a DSN")
    }
    return Result.succeed(Redacted.make(value))
  }
}

const pairs = (value: string): Result.Result<ReadonlyArray<readonly [string, string]>, string> => {
  const out: Array<readonly [string, string]> = []
  for (const [index, entry] of value.split(",").entries()) {
    if (entry.trim() === "") continue
    const separator = entry.indexOf("=")
    if (separator === -1) return Result.fail(`entry ${index + 1} has no "="`)
    const key = decodePercent(entry.slice(0, separator).trim())
    const item = decodePercent(entry.slice(separator + 1).trim())
    if (key === undefined || item === undefined) return Result.fail(`entry ${index + 1} is not percent-encoded`)
    if (key === "") return Result.fail(`entry ${index + 1} has no name before "="`)
    out.push([key, item])
  }
  return Result.succeed(out)
}

// An entry that can't be read may be the rest of a secret that holds a comma: it is named by its place alone.
const showPair = (scrubber: Scrubber.Scrubber) => (entry: string, index: number): string => {
  if (entry.trim() === "") return entry
  const separator = entry.indexOf("=")
  const key = decodePercent(entry.slice(0, separator).trim())
  const item = decodePercent(entry.slice(separator + 1).trim())
  if (separator === -1 || !key || item === undefined) return `<entry ${index + 1}>`
  return scrubber.field(key, item) === item ? entry : `${scrubber.text(key)}=<redacted>`
}

/** `name=value,name=value`, percent-decoded (the OpenTelemetry specification's form of `OTEL_RESOURCE_ATTRIBUTES`). */
export const attributes: Parser<Readonly<Record<string, string>>> = {
  allowed: "name=value pairs separated by commas, percent-encoded",
  parse: (value) => Result.map(pairs(value), Object.fromEntries),
  show: (value) => value.split(",").map(showPair(Scrubber.make())).join(",")
}

/** Like {@link attributes}, with names and values that HTTP can carry; names in lower case, values secret. */
export const headers: Parser<Readonly<Record<string, Redacted.Redacted<string>>>> = {
  allowed: "name=value pairs separated by commas, percent-encoded, that HTTP can carry as headers",
  parse: (value) =>
    Result.flatMap(pairs(value), (entries) => {
      const out: Array<readonly [string, Redacted.Redacted<string>]> = []
      for (const [name, item] of entries) {
        if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return Result.fail("a name is not an HTTP header name")
        if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(item)) return Result.fail("a value has characters that HTTP forbids")
        out.push([name.toLowerCase(), Redacted.make(item)])
      }
      return Result.succeed(Object.fromEntries(out))
    })
}

/** The protocols that OpenTelemetry knows; which of them are refused is decided where they apply. */
export const protocol = {
  allowed: "http/protobuf",
  parse: (value: string): Result.Result<"http/protobuf" | "http/json" | "grpc", string> => {
    const lower = value.toLowerCase()
    return lower === "http/protobuf" || lower === "http/json" || lower === "grpc"
      ? Result.succeed(lower)
      : Result.fail("not a protocol of OTLP")
  }
} satisfies Parser<string>

/** A sampler by its OpenTelemetry name; the ratio comes from `OTEL_TRACES_SAMPLER_ARG`. */
export interface SamplerName {
  readonly root: "AlwaysOn" | "AlwaysOff" | "Ratio"
  readonly parentBased: boolean
}

const samplers: Readonly<Record<string, SamplerName>> = {
  always_on: { root: "AlwaysOn", parentBased: false },
  always_off: { root: "AlwaysOff", parentBased: false },
  traceidratio: { root: "Ratio", parentBased: false },
  parentbased_always_on: { root: "AlwaysOn", parentBased: true },
  parentbased_always_off: { root: "AlwaysOff", parentBased: true },
  parentbased_traceidratio: { root: "Ratio", parentBased: true }
}

/** The samplers of the OpenTelemetry specification that decide in the process. */
export const sampler: Parser<SamplerName> = {
  allowed: Object.keys(samplers).join(", "),
  parse(value) {
    const name = value.toLowerCase()
    const found = Object.hasOwn(samplers, name) ? samplers[name] : undefined
    if (found !== undefined) return Result.succeed(found)
    return Result.fail(
      ["jaeger_remote", "parentbased_jaeger_remote", "xray"].includes(name)
        ? "a sampler that asks a server how to sample is not supported"
        : "not a sampler of OpenTelemetry"
    )
  }
}
