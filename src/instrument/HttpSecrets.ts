/**
 * Keeps keys that travel in the query of an HTTP client's requests out of what those leave behind: spans, messages,
 * records of requests in responses and errors, causes.
 *
 * Effect redacts a URL when it is shown, by the names of the fiber that shows it: outside of that fiber (a logger, an
 * error tracker, a test) the keys would be there. Parameters that are `Redacted` are safe everywhere, so keys are made
 * such parameters before the request is sent.
 */
import type * as Exit from "effect/Exit"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Redacted from "effect/Redacted"

type Names = ReadonlyArray<string | RegExp>

/** How deep the causes of an error are followed. */
const maxDepth = 5

/** A shorter value is no key, and replacing it would spoil the text around it. */
const minSecretLength = 4

/** What programs tell errors apart by: a key that is such a word by chance must not make another error of one. */
const kindKeys: ReadonlySet<string> = new Set(["_tag", "name", "code"])

const queryOf = (url: string): { readonly start: number; readonly end: number } | undefined => {
  const start = url.indexOf("?")
  if (start === -1) return undefined
  const hash = url.indexOf("#")
  if (hash !== -1 && hash < start) return undefined
  return { start, end: hash === -1 ? url.length : hash }
}

/**
 * The same request with its keys as `Redacted` parameters. They come last in the query, whose other values stay what
 * they mean, though `URLSearchParams` may write them in another way (`%20` as `+`).
 */
export const hide = (
  request: HttpClientRequest.HttpClientRequest,
  names: Names
): HttpClientRequest.HttpClientRequest => {
  const params = UrlParams.redact(request.urlParams, names)
  const query = queryOf(request.url)
  let url = request.url
  if (query !== undefined) {
    const hidden: Array<readonly [string, Redacted.Redacted<string>]> = []
    const shown: Array<string> = []
    for (const pair of request.url.slice(query.start + 1, query.end).split("&")) {
      const [[name, value] = ["", ""]] = new URLSearchParams(pair)
      if (UrlParams.isRedactedName(name, names)) hidden.push([name, Redacted.make(value)])
      else shown.push(pair)
    }
    if (hidden.length > 0) {
      const rest = shown.length === 0 ? "" : `?${shown.join("&")}`
      url = request.url.slice(0, query.start) + rest + request.url.slice(query.end)
      params.unshift(...hidden.map(([name, value]): [string, Redacted.Redacted<string>] => [name, value]))
    }
  }
  const changed = url !== request.url ||
    params.some(([, value], index) => value !== request.urlParams.params[index]?.[1])
  if (!changed) return request
  return HttpClientRequest.makeWith(
    request.method,
    url,
    UrlParams.make(params),
    request.hash,
    request.headers,
    request.body
  )
}

const secretsOf = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  const secrets = request.urlParams.params.flatMap(([, value]) =>
    typeof value === "string" ? [] : [Redacted.value(value)]
  )
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:([^/?#]*)@/i.exec(request.url)?.[1]
  return (password === undefined ? secrets : [...secrets, password])
    .flatMap((secret) => [secret, encodeURIComponent(secret), new URLSearchParams({ "": secret }).toString().slice(1)])
    .filter((secret) => secret.length >= minSecretLength)
}

const withoutSecrets = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets.reduce((clean, secret) => clean.replaceAll(secret, "REDACTED"), text)

// Only texts of errors: another object may be what the client goes on using, such as its options.
const cleanErrors = (error: unknown, secrets: ReadonlyArray<string>, depth: number): void => {
  if (!(error instanceof Error) || depth > maxDepth) return
  // In V8 `stack` is an own accessor; it was made with the message in it.
  for (const key of new Set([...Object.getOwnPropertyNames(error), "stack"])) {
    if (kindKeys.has(key)) continue
    const value: unknown = Reflect.get(error, key)
    if (typeof value === "string") {
      const clean = withoutSecrets(value, secrets)
      if (clean !== value) Object.defineProperty(error, key, { value: clean, configurable: true, writable: true })
    } else if (key === "errors" && Array.isArray(value)) {
      for (const one of value) cleanErrors(one, secrets, depth + 1)
    }
  }
  cleanErrors(error.cause, secrets, depth + 1)
}

/** Takes keys out of the causes of a client's errors: those of Node's and of `fetch` hold the URL that was meant. */
export const cleanCauses = (exit: Exit.Exit<unknown, unknown>): void => {
  if (exit._tag === "Success") return
  for (const reason of exit.cause.reasons) {
    if (reason._tag !== "Fail" || !HttpClientError.isHttpClientError(reason.error)) continue
    const secrets = secretsOf(reason.error.request)
    if (secrets.length === 0) continue
    // Both have the cause, which may be a text.
    cleanErrors(reason.error, secrets, 0)
    cleanErrors(reason.error.reason, secrets, 0)
  }
}
