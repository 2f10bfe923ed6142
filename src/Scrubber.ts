/**
 * What may leave the process: one policy that every sink (spans, events, log lines, error responses) applies once, when
 * a thing is bound to leave.
 */
import * as Context from "effect/Context"
import { accountDetector } from "./scrubber/Accounts.ts"
import { base64Detector } from "./scrubber/Base64.ts"
import { byteDetector } from "./scrubber/Bytes.ts"
import * as CleanTexts from "./scrubber/CleanTexts.ts"
import * as Credentials from "./scrubber/Credentials.ts"
import { compile, unreadable } from "./scrubber/Detector.ts"
import { percentDetector } from "./scrubber/Encoding.ts"
import * as Identifiers from "./scrubber/Identifiers.ts"
import * as Keys from "./scrubber/Keys.ts"
import * as Listed from "./scrubber/Listed.ts"
import * as Locators from "./scrubber/Locators.ts"
import * as Options from "./scrubber/Options.ts"
import * as Pairs from "./scrubber/Pairs.ts"
import * as Paths from "./scrubber/Paths.ts"
import * as Personal from "./scrubber/Personal.ts"
import * as Phones from "./scrubber/Phones.ts"
import { postgresDetector } from "./scrubber/Postgres.ts"
import * as Prose from "./scrubber/Prose.ts"
import * as ProviderKeys from "./scrubber/ProviderKeys.ts"
import * as Text from "./scrubber/Text.ts"
import * as Urls from "./scrubber/Urls.ts"
import * as Walker from "./scrubber/Walker.ts"
import { wordedDetector } from "./scrubber/Worded.ts"

export type { Detector } from "./scrubber/Detector.ts"
export { limits, type ScrubberOptions, ScrubberOptionsError } from "./scrubber/Options.ts"
export type { Limits } from "./scrubber/Walker.ts"

/**
 * Removes secrets and replaces the ids of people and portfolios by pseudonyms. No method throws; each takes time linear
 * in its input and gives the same result when applied to its own result.
 */
export interface Scrubber {
  /** Free text: messages, URLs, SQL, log lines, stack traces. */
  readonly text: (value: string) => string
  /** A value of any depth and kind, as plain JSON-safe data. */
  readonly value: (value: unknown) => unknown
  /** One named value, such as a span attribute or a log annotation: the key decides first, then the value. */
  readonly field: (key: string, value: unknown) => unknown
  /** All named values of a span, an event, a log line. */
  readonly attributes: (
    record: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>
  ) => Record<string, unknown>
  /**
   * A raw path or a full URL: credentials, query values, ids in paths. With the template of the route that it matched
   * (`/api/alerts/{user_id}`, `/api/alerts/:user_id`) each segment is judged by its parameter's name as well.
   */
  readonly url: (value: string, route?: string) => string
  /** The first 8 hex digits of an id's SHA-256: a pseudonym, not anonymity (whoever has the id can compute it). */
  readonly pseudonym: (id: string) => string
}

/**
 * Makes a scrubber, to be used wherever `CurrentScrubber` is given another one. Throws `ScrubberOptionsError` for an
 * option that can't be used.
 *
 * ```ts
 * import { Scrubber } from "@dawsos/observability"
 *
 * const scrubber = Scrubber.make({ sensitiveKeys: ["fund code"], identifierPaths: ["/api/alerts/:id"] })
 * scrubber.text("GET /v3/quote?apikey=abc") // GET /v3/quote?apikey=[redacted]
 * ```
 */
export const make = (options: Options.ScrubberOptions = {}): Scrubber => {
  const bounds = Options.check(options)
  const paths = [...Paths.paths, ...options.identifierPaths ?? []]
  const onFault = guard(options.onFault)
  const judge = Keys.make({
    sensitiveKeys: options.sensitiveKeys ?? [],
    identifierKeys: options.identifierKeys ?? [],
    allowedKeys: options.allowedKeys ?? []
  })
  const pass = compile([
    Credentials.privateKeyDetector,
    byteDetector,
    Urls.urlDetector,
    Urls.oracleDetector,
    Urls.userDetector,
    postgresDetector,
    // Before the cards, one of which the number of a channel may be by chance: what stands behind it is the secret.
    ProviderKeys.webhookDetector,
    Personal.cardDetector,
    accountDetector,
    // Before the pairs, which may take the first word of them for a value (`password= user …`).
    Prose.curlDetector,
    Prose.elementDetector(judge),
    Prose.proseDetector(judge),
    ProviderKeys.telegramDetector,
    ProviderKeys.azureDetector,
    Pairs.pairDetector(judge),
    Pairs.flagDetector(judge),
    Credentials.authorizationDetector,
    Credentials.jwtDetector,
    ProviderKeys.discordDetector,
    ProviderKeys.mailchimpDetector,
    ProviderKeys.providerKeyDetector,
    Prose.passwordDetector,
    wordedDetector,
    Paths.pathDetector(paths),
    Personal.emailDetector,
    Phones.internationalPhoneDetector,
    Phones.nationalPhoneDetector,
    Phones.wordedPhoneDetector,
    // Before base64, which may find in a part of a secret what leaves the rest of it unknown.
    percentDetector,
    base64Detector,
    ...options.detectors ?? []
  ], onFault)
  const text: Text.ScrubText = Text.make(
    pass,
    (source, level, owner) => walker.json(source, level, owner),
    bounds.length,
    CleanTexts.make()
  )
  const url = Locators.make(paths, text, judge)
  const walker = Walker.make({ judge, text, url: (value) => url(value), limits: bounds, onFault })
  Listed.pair(walker.attributes, walker.listed)
  const guarded =
    <More extends ReadonlyArray<string | undefined>>(run: (value: string, ...more: More) => string) =>
    (value: string, ...more: More): string => {
      try {
        return run(String(value), ...more)
      } catch (fault) {
        onFault(fault)
        return unreadable
      }
    }
  return {
    text: guarded((value) => text(value, 0)),
    value: walker.value,
    field: walker.field,
    attributes: walker.attributes,
    url: guarded((value, route?: string) => url(value, route)),
    pseudonym: Identifiers.pseudonym
  }
}

/**
 * The scrubber in force, the default one unless the layer replaces it. Every sink reads it where it writes.
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Scrubber } from "@dawsos/observability"
 *
 * const shown = Effect.map(Scrubber.CurrentScrubber, (scrubber) => scrubber.text("Bearer abc123"))
 * ```
 */
export const CurrentScrubber: Context.Reference<Scrubber> = Context.Reference<Scrubber>(
  "@dawsos/observability/Scrubber",
  { defaultValue: () => make() }
)

const guard = (onFault: ((fault: unknown) => void) | undefined) => (fault: unknown): void => {
  try {
    onFault?.(fault)
  } catch {
    // Whoever counts faults must not add one: there is nobody left to tell.
  }
}
