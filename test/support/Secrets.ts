/**
 * Secrets of every shape that the scrubber knows, made from a seed: none of them was ever valid. Prefixes that issuers
 * gave to their keys are put together when the program runs, so that no file of the repository holds one of their keys.
 *
 * ```ts
 * for (const shape of secretShapes) {
 *   const { parts, text } = shape.make(1)
 *   send(inContext(shape, text))
 *   for (const part of parts) for (const needle of needles(part)) assert.notInclude(received, needle)
 * }
 * ```
 */
import { createHash } from "node:crypto"
import * as Random from "../../scripts/Random.ts"

/** One secret, and what of it must not be left anywhere. */
export interface Secret {
  /** As it is written where it belongs: a key, an address, a connection string. */
  readonly text: string
  /** The stretches of the text that are secret. */
  readonly parts: ReadonlyArray<string>
}

/** A kind of secret. */
export interface SecretShape {
  readonly name: string
  /** The same seed makes the same secret. */
  readonly make: (seed: number) => Secret
  /** Names under which it is a secret; only for what has no shape of its own, such as 32 letters and digits. */
  readonly keys?: ReadonlyArray<string>
}

/** Numbers that look random and follow from a text. */
export interface Seeded {
  /** From 0 on, less than `below`. */
  readonly below: (below: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  /** So many characters of an alphabet. */
  readonly of: (alphabet: string, length: number) => string
}

/** Always the same numbers for the same text. */
export const seeded = (seed: string): Seeded => {
  const digest = createHash("sha256").update(seed).digest()
  const next = Random.seeded(digest.readUInt32LE(0))
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <A>(items: ReadonlyArray<A>): A => {
    const item = items[below(items.length)]
    if (item === undefined) throw new Error("nothing to pick from")
    return item
  }
  return {
    below,
    pick,
    of: (alphabet, length) => Array.from({ length }, () => alphabet.charAt(below(alphabet.length))).join("")
  }
}

const digits = "0123456789"
const lower = "abcdefghijklmnopqrstuvwxyz"
const upper = lower.toUpperCase()
const alphanumeric = digits + lower + upper
const hex = "0123456789abcdef"
const base32 = `${upper}234567`
const base64 = `${alphanumeric}+/`
const base64url = `${alphanumeric}-_`

type Build = (random: Seeded) => string | Secret

const shape = (name: string, build: Build, keys?: ReadonlyArray<string>): SecretShape => ({
  name,
  make: (seed) => {
    const made = build(seeded(`${name} ${seed}`))
    return typeof made === "string" ? { text: made, parts: [made] } : made
  },
  ...(keys === undefined ? {} : { keys })
})

/** A key with an issuer's prefix (given in pieces) and a random rest with at least one digit. */
const issued = (
  name: string,
  prefix: ReadonlyArray<string>,
  length: number,
  alphabet: string = alphanumeric,
  after: string = ""
): SecretShape =>
  shape(name, (random) => {
    const rest = `${random.of(digits, 1)}${random.of(alphabet, length - 2)}${random.of(digits, 1)}`
    return { text: `${prefix.join("")}${rest}${after}`, parts: [rest] }
  })

/** A key without a shape: only its name tells. */
const named = (name: string, keys: ReadonlyArray<string>, alphabet: string, length: number): SecretShape =>
  shape(name, (random) => random.of(alphabet, length), keys)

const password = (random: Seeded): string =>
  `${random.of(lower, 4)}${random.of(alphanumeric, 8)}${random.of(digits, 2)}`
const user = (random: Seeded): string => `${random.pick(["svc", "app", "etl"])}_${random.of(lower, 6)}`
const host = (random: Seeded): string => `${random.of(lower, 5)}.db.internal`

/** A text around one secret part. */
const around =
  (write: (secret: string, random: Seeded) => string, make: (random: Seeded) => string = password): Build =>
  (
    random
  ) => {
    const secret = make(random)
    return { text: write(secret, random), parts: [secret] }
  }

const encode = (text: string): string => Buffer.from(text).toString("base64url")

const token = (random: Seeded, header: object): { readonly head: string; readonly body: string } => ({
  head: encode(JSON.stringify(header)),
  body: encode(JSON.stringify({ sub: random.of(digits, 8), jti: random.of(hex, 16), exp: 1_900_000_000 }))
})

const lines = (text: string, width: number): ReadonlyArray<string> => {
  const out: Array<string> = []
  for (let i = 0; i < text.length; i += width) out.push(text.slice(i, i + width))
  return out
}

/** A private key in its armour; `lineBreak` as it is written in a file, or in JSON and in environment variables. */
const armoured = (label: string, lineBreak: string, count = 6): Build => (random) => {
  const body = lines(random.of(base64, 64 * count), 64)
  const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} ${label}-----`)
  return { text: [begin, ...body, end].join(lineBreak), parts: body }
}

const luhnDigit = (number: string): string => {
  let sum = 0
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number.charAt(number.length - 1 - i))
    const doubled = i % 2 === 0 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return String((10 - sum % 10) % 10)
}

const card = (prefix: string, length: number) => (random: Seeded): string => {
  const number = prefix + random.of(digits, length - prefix.length - 1)
  return number + luhnDigit(number)
}

const grouped = (text: string, sizes: ReadonlyArray<number>, separator: string): string => {
  let at = 0
  return sizes.map((size) => text.slice(at, at += size)).join(separator)
}

const iban = (country: string, bban: string): string => {
  let rest = 0
  for (const c of `${bban}${country}00`) {
    for (const digit of String(Number.parseInt(c, 36))) rest = (rest * 10 + Number(digit)) % 97
  }
  return `${country}${String(98 - rest).padStart(2, "0")}${bban}`
}

const germanIban = (random: Seeded): string => iban("DE", random.of(digits, 18))
const britishIban = (random: Seeded): string => iban("GB", random.of(upper, 4) + random.of(digits, 14))
const malteseIban = (random: Seeded): string =>
  iban("MT", random.of(upper, 4) + random.of(digits, 5) + random.of(digits + upper, 18))

const person = (random: Seeded): string =>
  `${random.pick(["ada", "grace", "alan", "linus"])}.${random.of(lower, 7)}${random.of(digits, 2)}`

/** North American numbers of the exchange that is kept for fiction are too few: any valid one is made here. */
const northAmerican = (random: Seeded) =>
  [
    `${2 + random.below(8)}${1 + random.below(8)}${random.of(digits, 1)}`,
    `${2 + random.below(8)}${random.of(digits, 1)}${2 + random.below(8)}`,
    random.of(digits, 4)
  ] as const

/** All shapes. */
export const secretShapes: ReadonlyArray<SecretShape> = [
  // Keys of data providers and of others that only their names tell.
  named("FMP key", ["apikey"], alphanumeric, 32),
  named("Polygon key", ["apiKey"], alphanumeric, 32),
  named("FRED key", ["api_key"], hex, 32),
  named("NewsAPI key", ["X-Api-Key"], hex, 32),
  named("AWS secret access key", ["aws_secret_access_key", "SecretAccessKey"], base64, 40),
  named("AWS session token", ["x-amz-security-token"], base64, 120),
  named("signature of an AWS URL", ["X-Amz-Signature"], hex, 64),
  named("signature of a Google Cloud URL", ["X-Goog-Signature"], hex, 128),
  named("Azure storage key", ["AccountKey", "AZURE_STORAGE_KEY"], base64, 86),
  named("signature of an Azure SAS URL", ["sig"], base64, 43),
  named("Cloudflare token", ["CLOUDFLARE_API_TOKEN"], base64url, 40),
  named("Cloudflare global key", ["X-Auth-Key"], hex, 37),
  named("Datadog key", ["DD-API-KEY"], hex, 32),
  named("Twilio auth token", ["TWILIO_AUTH_TOKEN"], hex, 32),
  named("OAuth client secret", ["client_secret", "clientSecret"], base64url, 40),
  named("OAuth refresh token", ["refreshToken"], base64url, 64),
  named("password", ["password", "db.password", "userPassword", "DB_PASSWORD", "X-Password"], alphanumeric, 14),
  named("passphrase", ["passphrase"], alphanumeric, 24),
  named("session id", ["sessionId", "session_id"], base64url, 32),
  named("CSRF token", ["X-CSRF-Token"], base64url, 32),
  named("recovery code", ["otp", "totp_code"], base32, 12),
  named("social security number", ["ssn"], digits, 9),
  named("encryption key", ["ENCRYPTION_KEY"], hex, 64),
  named("webhook secret", ["webhookSecret"], hex, 40),

  // Keys that their issuers marked with a prefix.
  issued("Anthropic key", ["sk-", "ant-", "api03-"], 86, base64url, "AA"),
  issued("OpenAI key", ["sk", "-"], 48),
  issued("OpenAI project key", ["sk-", "proj-"], 64, base64url),
  issued("OpenAI service account key", ["sk-", "svcacct-"], 64, base64url),
  issued("Groq key", ["gs", "k_"], 52),
  issued("Perplexity key", ["pp", "lx-"], 48),
  issued("Replicate token", ["r", "8_"], 37),
  issued("Hugging Face token", ["h", "f_"], 34),
  issued("AWS access key id", ["AK", "IA"], 16, base32.replace(/[a-z]/g, "")),
  issued("temporary AWS access key id", ["AS", "IA"], 16, base32),
  issued("Google API key", ["AI", "za"], 35, base64url),
  issued("Google OAuth access token", ["ya", "29."], 80, base64url),
  issued("Google OAuth client secret", ["GOC", "SPX-"], 28, base64url),
  shape("Azure client secret", (random) => {
    const tail = random.of(base64url, 34)
    return { text: `${random.of(alphanumeric, 3)}${random.of(digits, 1)}${"Q"}${"~"}${tail}`, parts: [tail] }
  }),
  issued("DigitalOcean token", ["dop", "_v1_"], 64, hex),
  issued("DigitalOcean OAuth token", ["doo", "_v1_"], 64, hex),
  issued("Cloudflare origin key", ["v1", ".0-"], 24, hex, "-0123456789abcdef".repeat(8)),
  issued("GitHub personal token", ["gh", "p_"], 36),
  issued("GitHub server token", ["gh", "s_"], 36),
  issued("GitHub OAuth token", ["gh", "o_"], 36),
  issued("GitHub fine-grained token", ["github", "_pat_"], 82, `${alphanumeric}_`),
  issued("GitLab token", ["gl", "pat-"], 20, base64url),
  issued("GitLab runner token", ["gl", "rt-"], 20, base64url),
  issued("GitLab deploy token", ["gl", "dt-"], 20, base64url),
  shape("Slack bot token", (random) => {
    const tail = random.of(alphanumeric, 24)
    return { text: `${"xox"}${"b-"}${random.of(digits, 12)}-${random.of(digits, 13)}-${tail}`, parts: [tail] }
  }),
  shape("Slack app token", (random) => {
    const tail = random.of(hex, 64)
    return { text: `${"xa"}${"pp-"}1-A${random.of(upper, 10)}-${random.of(digits, 13)}-${tail}`, parts: [tail] }
  }),
  shape("Slack webhook", (random) => {
    const tail = random.of(alphanumeric, 24)
    const text = `https://hooks.slack${".com"}/services/T${random.of(upper, 8)}/B${random.of(upper, 8)}/${tail}`
    return { text, parts: [tail] }
  }),
  issued("Stripe secret key", ["sk", "_live_"], 24),
  issued("Stripe restricted key", ["rk", "_live_"], 24),
  issued("Stripe webhook secret", ["wh", "sec_"], 32),
  shape("SendGrid key", (random) => {
    const [id, tail] = [`7${random.of(base64url, 21)}`, random.of(base64url, 43)]
    return { text: `${"SG"}.${id}.${tail}`, parts: [tail] }
  }),
  issued("Mailgun key", ["key", "-"], 32, hex),
  shape("Mailchimp key", (random) => {
    const head = random.of(hex, 32)
    return { text: `${head}-us${1 + random.below(20)}`, parts: [head] }
  }),
  issued("Twilio API key", ["S", "K"], 32, hex),
  issued("npm token", ["np", "m_"], 36),
  issued("PyPI token", ["py", "pi-AgEIcHlwaS5vcmc"], 120, base64url),
  issued("RubyGems key", ["ruby", "gems_"], 48, hex),
  issued("Docker Hub token", ["dckr", "_pat_"], 27, base64url),
  shape("Telegram bot token", (random) => {
    const tail = `AA${random.of(base64url, 33)}`
    return { text: `${1 + random.below(9)}${random.of(digits, 9)}:${tail}`, parts: [tail] }
  }),
  shape("Discord bot token", (random) => {
    const id = Buffer.from(`${1 + random.below(9)}${random.of(digits, 17)}`).toString("base64url")
    const tail = random.of(base64url, 38)
    return { text: `${id}.${random.of(upper, 6)}.${tail}`, parts: [tail] }
  }),
  shape("Discord webhook", (random) => {
    const tail = random.of(base64url, 68)
    return { text: `https://discord${".com"}/api/webhooks/${random.of(digits, 18)}/${tail}`, parts: [tail] }
  }),
  issued("Shopify token", ["shp", "at_"], 32, hex),
  issued("Atlassian token", ["ATA", "TT3xFfGF0"], 180, base64url),
  issued("Linear key", ["lin", "_api_"], 40),
  issued("Notion token", ["nt", "n_"], 46),
  issued("Databricks token", ["da", "pi"], 32, hex),
  issued("Vault token", ["hv", "s."], 90, base64url),
  issued("Grafana service account token", ["gl", "sa_"], 32, alphanumeric, "_0a1b2c3d"),
  issued("New Relic key", ["NR", "AK-"], 27, digits + upper),
  issued("Postman key", ["PM", "AK-"], 24, hex, "-0123456789abcdef0123456789abcdef01"),
  issued("Sentry token", ["sntry", "s_"], 64, base64url),
  issued("Supabase token", ["sb", "p_"], 40, hex),
  issued("Tailscale key", ["ts", "key-auth-"], 30, alphanumeric, "-kCNTRL"),
  issued("Doppler token", ["dp.", "pt."], 43),
  issued("age identity", ["AGE-SECRET", "-KEY-1"], 58, base32),
  shape("Plaid access token", (random) => {
    const id = grouped(random.of(hex, 32), [8, 4, 4, 4, 12], "-")
    return { text: `access-${"production"}-${id}`, parts: [id] }
  }),

  // Keys in armour.
  shape("RSA private key", armoured("RSA PRIVATE KEY", "\n")),
  shape("EC private key", armoured("EC PRIVATE KEY", "\n", 3)),
  shape("PKCS #8 private key", armoured("PRIVATE KEY", "\r\n")),
  shape("private key with escaped line breaks", armoured("PRIVATE KEY", "\\n")),
  shape("OpenSSH private key", armoured("OPENSSH PRIVATE KEY", "\n")),
  shape("PGP private key", armoured("PGP PRIVATE KEY BLOCK", "\n")),
  shape("service account file", (random) => {
    const key = armoured("PRIVATE KEY", "\n")(random)
    const [pem, parts] = typeof key === "string" ? [key, []] : [key.text, key.parts]
    const id = random.of(hex, 40)
    return {
      text: JSON.stringify({ type: "service_account", project_id: "p", private_key_id: id, private_key: pem }),
      parts: [...parts, id]
    }
  }),

  // Tokens, headers, cookies.
  shape("JSON web token", (random) => {
    const { body, head } = token(random, { alg: "HS256", typ: "JWT" })
    const signature = random.of(base64url, 43)
    return { text: `${head}.${body}.${signature}`, parts: [body, signature] }
  }),
  shape("JSON web token without its signature", (random) => {
    const { body, head } = token(random, { alg: "none" })
    return { text: `${head}.${body}.`, parts: [body] }
  }),
  shape("encrypted JSON web token", (random) => {
    const { head } = token(random, { alg: "RSA-OAEP", enc: "A256GCM" })
    const parts = [
      random.of(base64url, 64),
      random.of(base64url, 16),
      random.of(base64url, 48),
      random.of(base64url, 22)
    ]
    return { text: `${head}.${parts.join(".")}`, parts }
  }),
  shape(
    "bearer authorization",
    around((secret) => `Authorization: Bearer ${secret}`, (random) => random.of(base64url, 40))
  ),
  shape("bearer in mixed case", around((secret) => `bEaReR ${secret}`, (random) => random.of(base64url, 40))),
  shape("basic authorization", (random) => {
    const secret = Buffer.from(`${user(random)}:${password(random)}`).toString("base64")
    return { text: `Authorization: Basic ${secret}`, parts: [secret] }
  }),
  shape("basic in mixed case", (random) => {
    const secret = Buffer.from(`${user(random)}:${password(random)}`).toString("base64")
    return { text: `bASiC ${secret}`, parts: [secret] }
  }),
  shape(
    "digest authorization",
    around(
      (secret) => `Authorization: dIgEsT username="svc", realm="r", nonce="n", uri="/", response="${secret}"`,
      (random) => random.of(hex, 32)
    )
  ),
  shape(
    "Cookie header",
    around((secret) => `Cookie: theme=dark; sid=${secret}; lang=en`, (random) => random.of(base64url, 32))
  ),
  shape(
    "Set-Cookie header",
    around((secret) => `Set-Cookie: JSESSIONID=${secret}; Path=/; HttpOnly`, (random) => random.of(hex, 32))
  ),

  // Connection strings.
  shape("Postgres URL", around((secret, random) => `postgres://${user(random)}:${secret}@${host(random)}:5432/x`)),
  shape(
    "SQLAlchemy URL",
    around((secret, random) => `postgresql+asyncpg://${user(random)}:${secret}@${host(random)}/x`)
  ),
  shape(
    "Postgres key and value DSN",
    around((secret, random) => `host=${host(random)} user=x password=${secret} dbname=y`)
  ),
  shape("quoted Postgres DSN", around((secret) => `host=h user=x password='it\\'s ${secret}' dbname=y`)),
  shape("Redis URL", around((secret) => `redis://:${secret}@cache:6379/0`)),
  shape("MongoDB URL", around((secret, random) => `mongodb+srv://${user(random)}:${secret}@c0.mongodb.net/x`)),
  shape("AMQP URL", around((secret, random) => `amqps://${user(random)}:${secret}@mq:5671/%2f`)),
  shape("MySQL URL", around((secret, random) => `mysql://${user(random)}:${secret}@${host(random)}/x`)),
  shape("SMTP URL", around((secret, random) => `smtps://${user(random)}:${secret}@mail:465`)),
  shape("JDBC URL", around((secret) => `jdbc:postgresql://h:5432/x?user=a&password=${secret}&ssl=true`)),
  shape(
    "JDBC URL of SQL Server",
    around((secret) => `jdbc:sqlserver://h:1433;databaseName=x;user=sa;password=${secret};`)
  ),
  shape("JDBC URL of Oracle", around((secret) => `jdbc:oracle:thin:scott/${secret}@//h:1521/x`)),
  shape("ODBC string", around((secret) => `Driver={ODBC Driver 18};Server=h;Uid=sa;Pwd=${secret};Encrypt=yes`)),
  shape("ADO string", around((secret) => `Data Source=h;User ID=sa;Password=${secret};Pooling=true`)),
  shape(
    "Azure storage connection string",
    around(
      (secret) => `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${secret}==;EndpointSuffix=core.windows.net`,
      (random) => random.of(base64, 86)
    )
  ),
  shape("URL with a user", around((secret, random) => `https://${user(random)}:${secret}@git.internal/x.git`)),
  shape("user and password of a database", around((secret, random) => `${user(random)}:${secret}@db:5432/app`)),
  shape("URL without a scheme", around((secret, random) => `//${user(random)}:${secret}@git/x.git`)),
  shape("Sentry DSN", around((secret) => `https://${secret}@o1.ingest.sentry.io/42`, (random) => random.of(hex, 32))),
  shape("curl with a user", around((secret, random) => `curl -u ${user(random)}:${secret} https://h/x`)),
  shape("password in a sentence", around((secret) => `the password is ${secret}`)),
  shape("netrc entry", around((secret) => `machine h.internal login svc password ${secret}`)),
  shape(
    "key URI of an authenticator",
    around((secret) => `otpauth://totp/x?secret=${secret}&issuer=y`, (random) => random.of(base32, 32))
  ),
  shape(
    "npmrc entry",
    around((secret) => `//registry.internal/:_authToken=${secret}`, (random) => random.of(base64url, 36))
  ),

  // People.
  shape("e-mail address", (random) => `${person(random)}@example.com`),
  shape("e-mail address with a tag", (random) => `${person(random)}+alerts@mail.example.co.uk`),
  shape(
    "e-mail address beyond ASCII",
    (random) => `jörg.${random.of(lower, 6)}@müller-${random.of(lower, 4)}.example.de`
  ),
  shape("percent-encoded e-mail address", around((secret) => `${secret}%40example.com`, person)),
  shape("quoted e-mail address", around((secret) => `"${secret} x"@example.com`, person)),
  shape("card number", card("4", 16)),
  shape("card number in groups", (random) => grouped(card("5500", 16)(random), [4, 4, 4, 4], " ")),
  shape("card number with dashes", (random) => grouped(card("6011", 16)(random), [4, 4, 4, 4], "-")),
  shape("card number with tabs", (random) => grouped(card("5100", 16)(random), [4, 4, 4, 4], "\t")),
  shape("card number with dots", (random) => grouped(card("4", 16)(random), [4, 4, 4, 4], ".")),
  shape("American Express card number", (random) => grouped(card("37", 15)(random), [4, 6, 5], " ")),
  shape("IBAN", germanIban),
  shape("IBAN with letters", malteseIban),
  shape("IBAN in groups", (random) => grouped(germanIban(random), [4, 4, 4, 4, 4, 2], " ")),
  shape("British IBAN in groups", (random) => grouped(britishIban(random), [4, 4, 4, 4, 4, 2], " ")),
  shape("phone number", (random) => `+1${northAmerican(random).join("")}`),
  shape("phone number with dashes", (random) => `+1-${northAmerican(random).join("-")}`),
  shape("national phone number", (random) => {
    const [area, exchange, line] = northAmerican(random)
    return `(${area}) ${exchange}-${line}`
  }),
  shape("German phone number", (random) => `+49 30 ${1 + random.below(9)}${random.of(digits, 6)}`),
  shape("British phone number", (random) => `+44 20 7${random.of(digits, 3)} ${random.of(digits, 4)}`),
  shape("French phone number", (random) => `+33${1 + random.below(5)}${random.of(digits, 8)}`)
]

/** The secret as a program writes it: with its name where only that tells what it is. */
export const inContext = (shape: SecretShape, text: string): string =>
  shape.keys === undefined ? text : `${shape.keys[0]}=${text}`

/** A key's words in the styles in which programs write keys: camel, snake, kebab, upper case, header, nested. */
export const keyStyles = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1)
  return [
    words.map((word, i) => i === 0 ? word : capital(word)).join(""),
    words.map(capital).join(""),
    words.join("_"),
    words.join("-"),
    words.join("."),
    words.join("_").toUpperCase(),
    words.map(capital).join("-"),
    `x-${words.join("-")}`,
    `app.config.${words.join("_")}`
  ]
}

/** Ways in which a text is written inside another one. */
export interface Encoding {
  readonly name: string
  readonly encode: (text: string) => string
}

const unpadded = (text: string): string => text.replace(/=+$/, "")
const standard = (text: string): string => Buffer.from(text).toString("base64")

/** Raw, percent-encoded once and twice, and base64 in both alphabets, with and without padding, at each alignment. */
export const encodings: ReadonlyArray<Encoding> = [
  { name: "raw", encode: (text) => text },
  { name: "percent-encoded", encode: encodeURIComponent },
  { name: "percent-encoded twice", encode: (text) => encodeURIComponent(encodeURIComponent(text)) },
  { name: "base64", encode: standard },
  { name: "base64 one byte further", encode: (text) => standard(` ${text}`) },
  { name: "base64 two bytes further", encode: (text) => standard(`- ${text}`) },
  { name: "base64 without padding", encode: (text) => unpadded(standard(text)) },
  { name: "base64url", encode },
  { name: "base64 inside a longer text", encode: (text) => standard(`{"ok":true,"note":"before ${text} after"}`) },
  { name: "base64 of percent-encoded", encode: (text) => standard(encodeURIComponent(text)) },
  { name: "percent-encoded base64", encode: (text) => encodeURIComponent(standard(text)) }
]

/** A part this long is searched for by its halves as well. */
const longPart = 24

/**
 * Texts of which none may be left where the part was sent: itself and its halves as they are, percent-encoded, escaped
 * for JSON, in hexadecimal digits, as the numbers of their bytes, and in base64 at each of the three alignments.
 */
export const needles = (part: string): ReadonlyArray<string> => {
  const half = Math.floor(part.length / 2)
  const pieces = part.length < longPart ? [part] : [part, part.slice(0, half), part.slice(half)]
  return [...new Set(pieces.flatMap(written))]
}

const written = (part: string): ReadonlyArray<string> => {
  const bytes = Buffer.from(part)
  const aligned = [0, 1, 2].flatMap((shift) => {
    const all = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64")
    // Only what no neighbour changes: without the first and last character that share a byte with one.
    const from = shift === 0 ? 0 : shift + 1
    const core = all.slice(from, Math.floor((shift + bytes.length) * 8 / 6))
    return core.length < 8 ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")]
  })
  const percent = encodeURIComponent(part)
  return [
    part,
    percent,
    encodeURIComponent(percent),
    JSON.stringify(part).slice(1, -1),
    ...(part.length < 6 ? [] : [bytes.toString("hex"), ...numbersOf(bytes)]),
    ...aligned
  ]
}

/** As JSON writes bytes, with an indentation and without one, and as Node's inspection does. */
const numbersOf = (bytes: Uint8Array): ReadonlyArray<string> => [
  ...[",", ", ", ",\n"].map((separator) => [...bytes].join(separator)),
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
]
