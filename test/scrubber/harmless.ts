/** Values that look like secrets here and there and are none, made from a seed: they must pass unchanged. */
import { createHash } from "node:crypto"
import { type Seeded, seeded } from "../support/Secrets.ts"

const digits = "0123456789"
const lower = "abcdefghijklmnopqrstuvwxyz"
const upper = lower.toUpperCase()
const hex = "0123456789abcdef"

const words =
  ("computed return of the portfolio twelve positions cache hit ratio next run ledger price pack fresh quote " +
    "agent capability pattern failed retry after timeout while reading from upstream service database query rows")
    .split(" ")
const names = ["price", "ledger", "positions", "quotes", "securities", "ratings", "alerts", "packs", "nav", "macro"]

const uuid = (random: Seeded): string => [8, 4, 4, 4, 12].map((length) => random.of(hex, length)).join("-")
const number = (random: Seeded, most: number): string => String(random.below(most))
const sentence = (random: Seeded): string =>
  Array.from({ length: 3 + random.below(9) }, () => random.pick(words)).join(" ")
const file = (random: Seeded): string =>
  `/${random.pick(["app", "srv/app", "usr/src/app"])}/src/${random.pick(names)}/${
    random.pick(["Twr", "Nav", "index", "Http"])
  }.${random.pick(["ts", "js", "mjs"])}`
const date = (random: Seeded): Date =>
  new Date(946_684_800_000 + random.below(1_200_000_000) * 1000 + random.below(1000))
const two = (value: number): string => String(value).padStart(2, "0")

const luhn = (text: string): boolean => {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const digit = Number(text.charAt(text.length - 1 - i)) * (i % 2 === 0 ? 1 : 2)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

/** Nanoseconds since 1970 that pass the check of card numbers. */
const nanoseconds = (random: Seeded): string => {
  for (;;) {
    const value = `1${random.pick(["6", "7", "8"])}${random.of(digits, 17)}`
    if (luhn(value)) return value
  }
}

const isin = (random: Seeded): string =>
  `${random.pick(["US", "DE", "GB", "FR", "CH", "LU", "IE", "NL", "JP"])}${random.of(digits + upper, 9)}${
    random.of(digits, 1)
  }`

const userAgents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
  "curl/8.5.0",
  "Prometheus/2.53.0",
  "kube-probe/1.29",
  "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
  "python-requests/2.32.3"
]

/** Every kind of harmless value, by name. */
export const harmlessShapes: ReadonlyArray<readonly [name: string, make: (random: Seeded) => string]> = [
  ["UUID", uuid],
  ["UUID in capitals", (random) => uuid(random).toUpperCase()],
  ["MD5", (random) => random.of(hex, 32)],
  ["SHA-1", (random) => random.of(hex, 40)],
  ["SHA-256", (random) => random.of(hex, 64)],
  ["SHA-256 in capitals", (random) => random.of(hex, 64).toUpperCase()],
  ["image digest", (random) => `registry.internal/dawsos/api@sha256:${random.of(hex, 64)}`],
  ["short git commit", (random) => `commit ${random.of(hex, 7 + random.below(5))} on main`],
  ["integrity of a package", (random) => `sha512-${createHash("sha512").update(uuid(random)).digest("base64")}`],
  [
    "ETag",
    (random) => `W/"${random.of(hex, 4)}-${createHash("sha1").update(uuid(random)).digest("base64").slice(0, 27)}"`
  ],
  ["traceparent", (random) => `00-${random.of(hex, 32)}-${random.of(hex, 16)}-01`],
  ["span id", (random) => random.of(hex, 16)],
  ["ULID", (random) => `01J${random.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)}`],
  [
    "ticker",
    (random) => `${random.of(upper, 1 + random.below(4))}${random.pick(["", ".A", ".B", ".L", ".DE", "-USD"])}`
  ],
  ["ISIN", isin],
  [
    "ISIN in a sentence",
    (random) => `bought ${random.below(500)} of ${isin(random)} at ${random.below(900)}.${random.of(digits, 2)}`
  ],
  ["CUSIP", (random) => random.of(digits + upper, 9)],
  ["BIC", (random) => `${random.of(upper, 4)}${random.pick(["DE", "US", "GB"])}${random.of(digits + upper, 2)}`],
  ["price", (random) => `${number(random, 9999)}.${random.of(digits, 2 + random.below(6))}`],
  [
    "price with thousands",
    (random) => `${1 + random.below(999)},${random.of(digits, 3)},${random.of(digits, 3)}.${random.of(digits, 2)} USD`
  ],
  ["signed change", (random) => `${random.pick(["+", "-"])}${number(random, 99)}.${random.of(digits, 4)}%`],
  ["change of a volume", (random) => `${random.pick(["+", "-"])}${1 + random.below(99_999_999)} shares`],
  [
    "exponent",
    (random) => `${random.below(9)}.${random.of(digits, 15)}e${random.pick(["+", "-"])}${random.below(300)}`
  ],
  ["number", (random) => String((random.below(2_000_000) - 1_000_000) / (1 + random.below(1_000_000)))],
  ["ISO date and time", (random) => date(random).toISOString()],
  ["ISO date", (random) => date(random).toISOString().slice(0, 10)],
  [
    "time with an offset",
    (random) => `${date(random).toISOString().slice(0, 19)}${random.pick(["+02:00", "-05:00", "+0530", "Z"])}`
  ],
  ["date of HTTP", (random) => date(random).toUTCString()],
  ["date as people write it", (random) => {
    const day = date(random)
    return random.pick([
      `${two(day.getUTCDate())}.${two(day.getUTCMonth() + 1)}.${day.getUTCFullYear()}`,
      `${two(day.getUTCMonth() + 1)}/${two(day.getUTCDate())}/${day.getUTCFullYear()}`,
      `${day.getUTCFullYear()}${two(day.getUTCMonth() + 1)}${two(day.getUTCDate())}`
    ])
  }],
  ["milliseconds since 1970", (random) => String(date(random).getTime())],
  ["microseconds since 1970", (random) => `${date(random).getTime()}${random.of(digits, 3)}`],
  ["nanoseconds since 1970 that pass Luhn", nanoseconds],
  ["nanoseconds in a sentence", (random) => `started at ${nanoseconds(random)}, took ${number(random, 1e9)} ns`],
  [
    "order number",
    (random) => `order ${random.pick(["ORD-", "PO-", "#", "no. "])}${random.of(digits, 6 + random.below(5))}`
  ],
  [
    "order number in groups",
    (random) => `order 1${random.of(digits, 2)}-${random.of(digits, 7)}-${random.of(digits, 7)}`
  ],
  [
    "SQL without literals",
    (random) =>
      `SELECT ${random.pick(names)}.id, COUNT(*) FROM ${
        random.pick(names)
      } WHERE portfolio_id = $1 AND asof_date >= $2 LIMIT $${3 + random.below(7)}`
  ],
  [
    "SQL with numbers",
    (random) => `UPDATE ${random.pick(names)} SET price = ${number(random, 999)}.5 WHERE n < ${number(random, 1e6)}`
  ],
  [
    "SQL that creates",
    (random) => `CREATE INDEX CONCURRENTLY idx_${random.pick(names)}_id ON ${random.pick(names)} (id, token)`
  ],
  [
    "frame of a stack",
    (random) =>
      `    at ${random.pick(["Object.", "async ", "new ", ""])}compute (${file(random)}:${1 + random.below(900)}:${
        1 + random.below(90)
      })`
  ],
  ["stack", (random) => {
    const frames = Array.from(
      { length: 3 },
      () => `    at run (file://${file(random)}:${1 + random.below(900)}:${1 + random.below(90)})`
    )
    return `TypeError: ${sentence(random)}\n${frames.join("\n")}`
  }],
  [
    "semantic version",
    (random) =>
      `${random.below(30)}.${random.below(99)}.${random.below(999)}${
        random.pick(["", "-rc.1", "-beta.2+build.11", "+20240131"])
      }`
  ],
  [
    "package",
    (random) =>
      `${random.pick(["effect", "@effect/sql-pg", "react", "vitest"])}@${random.below(30)}.${random.below(99)}.${
        random.below(99)
      }`
  ],
  ["file", file],
  [
    "file in a package",
    (random) =>
      `/srv/node_modules/.pnpm/effect@4.1.${random.below(9)}/node_modules/effect/src/Effect.ts:${random.below(9999)}:3`
  ],
  ["file of Windows", (random) => `C:\\app\\${random.pick(names)}\\v${random.below(99)}\\main.ts`],
  [
    "path",
    (random) =>
      `/api/v1/${random.pick(names)}/${random.of(upper, 4)}?limit=${random.below(999)}&from=${
        date(random).toISOString().slice(0, 10)
      }`
  ],
  [
    "URL",
    (random) =>
      `https://${random.pick(names)}.example.com:${1024 + random.below(60_000)}/v3/${random.pick(names)}/${
        random.of(upper, 4)
      }#top`
  ],
  [
    "MIME type",
    (random) =>
      `${random.pick(["application/json", "text/html", "multipart/form-data"])}; charset=utf-8; q=0.${random.below(9)}`
  ],
  [
    "boundary",
    (random) => `multipart/form-data; boundary=----WebKitFormBoundary${random.of(lower + upper + digits, 16)}`
  ],
  ["user agent", (random) => random.pick(userAgents)],
  [
    "IPv4",
    (random) =>
      `${random.below(256)}.${random.below(256)}.${random.below(256)}.${random.below(256)}:${random.below(65_536)}`
  ],
  ["IPv6", (random) => Array.from({ length: 8 }, () => random.of(hex, 1 + random.below(4))).join(":")],
  ["short IPv6", (random) => `[2001:db8::${random.of(hex, 4)}:${random.of(hex, 3)}]:8080`],
  ["MAC address", (random) => Array.from({ length: 6 }, () => random.of(hex, 2)).join(":")],
  ["hex dump", (random) => Array.from({ length: 16 }, () => random.of(hex, 2)).join(" ")],
  ["range", (random) => `${random.below(999)}-${1000 + random.below(9000)} of ${number(random, 99_999)}`],
  [
    "range of bytes",
    (random) => `bytes ${random.below(999)}-${1000 + random.below(99_999)}/${100_000 + random.below(999_999)}`
  ],
  [
    "hunk of a diff",
    (random) => `@@ -${random.below(999)},${random.below(99)} +${random.below(999)},${random.below(99)} @@`
  ],
  ["column of numbers", (random) => Array.from({ length: 6 }, () => random.of(digits, 4)).join("  ")],
  ["list of numbers", (random) => `[${Array.from({ length: 8 }, () => number(random, 100_000)).join(", ")}]`],
  ["sentence", sentence],
  [
    "log line",
    (random) =>
      `${date(random).toISOString()} INFO (${random.pick(names)}) ${sentence(random)} in ${random.below(900)} ms`
  ],
  ["base64 of a sentence", (random) => Buffer.from(sentence(random)).toString("base64")],
  [
    "base64url of JSON",
    (random) =>
      Buffer.from(JSON.stringify({ cursor: random.below(1e6), symbol: random.of(upper, 4) })).toString("base64url")
  ],
  ["base64 of a picture", (random) => {
    const bytes = Buffer.from(Array.from({ length: 120 }, () => random.below(256)))
    return `data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB${bytes.toString("base64")}`
  }],
  [
    "base64 of bytes",
    (random) => Buffer.from(Array.from({ length: 12 + random.below(60) }, () => random.below(256))).toString("base64")
  ],
  [
    "JSON",
    (random) =>
      JSON.stringify({
        symbol: random.of(upper, 4),
        price: random.below(999) / 4,
        at: date(random).toISOString(),
        tags: [random.pick(names)]
      })
  ],
  ["percent-encoded text", (random) => encodeURIComponent(`${sentence(random)}, ${random.below(99)}%`)],
  [
    "metric",
    (random) =>
      `dawsos_${random.pick(names)}_duration_seconds_bucket{le="0.${random.below(99)}",agent="x"} ${
        number(random, 1e6)
      }`
  ],
  [
    "PromQL",
    (random) => `sum by (le) (rate(dawsos_${random.pick(names)}_total{status="error"}[5m])) > 0.0${random.below(9)}`
  ],
  [
    "pod",
    (random) => `dawsos-api-${random.of(digits + "bcdfghjklmnpqrstvwxz", 9)}-${random.of("bcdfghjklmnpqrstvwxz", 5)}`
  ],
  [
    "ARN",
    (random) =>
      `arn:aws:s3:::${random.pick(names)}-${random.of(digits, 12)}/${date(random).toISOString().slice(0, 10)}/x.parquet`
  ],
  [
    "name of a class",
    (random) =>
      `${random.pick(["AuthToken", "Password", "ApiKey", "Card"])}${
        random.pick(["Service", "Repository", "Validator"])
      }.verify`
  ],
  [
    "CSS",
    (random) =>
      `.sk-circle-${random.of(lower, 6)} { color: #${random.of(hex, 6)}; width: calc(100% - ${random.below(99)}px) }`
  ],
  ["cron", (random) => `${random.below(60)} ${random.below(24)} * * ${random.pick(["1-5", "0", "*"])}`],
  ["duration", (random) => `PT${random.below(24)}H${random.below(60)}M${random.below(60)}.${random.of(digits, 3)}S`],
  [
    "coordinates",
    (random) => `${random.below(90)}.${random.of(digits, 6)}, -${random.below(180)}.${random.of(digits, 6)}`
  ],
  [
    "key that is none",
    (random) =>
      `${random.pick(["cache", "partition", "sort", "primary", "foreign", "group"])} key${
        random.pick([": ", " = ", "="])
      }${random.pick(["quotes:AAPL", "2024", "asc", "portfolio_id", `${random.pick(names)}-${random.below(99)}`])}`
  ],
  [
    "count of tokens",
    (random) => `${random.pick(["tokens: ", "tokens=", "prompt tokens: ", "max_tokens="])}${random.below(99_999)}`
  ],
  ["rate of tokens", (random) => `tokens_per_second=${random.below(999)}.${random.of(digits, 1)}`],
  ["result of tests", (random) => `Tests: pass: ${random.below(999)}, fail: ${random.below(99)}`],
  [
    "state of a secret",
    (random) =>
      `${random.pick(["token", "auth", "secret", "password", "api_key", "credentials"])}: ${
        random.pick(["none", "ok", "required", "null", "true", "false", "empty", "missing", "expired"])
      }`
  ],
  ["token of a parser", (random) => `Unexpected ${random.pick(["token: next", "token <", "token } in JSON"])}`],
  [
    "version of Postgres",
    () =>
      "PostgreSQL 16.3 (Debian 16.3-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit"
  ]
]

/** So many values of all kinds in turn, the same ones for the same seed. */
export const harmlessValues = (count: number, seed: number): ReadonlyArray<readonly [name: string, value: string]> => {
  const random = seeded(`harmless ${seed}`)
  return Array.from({ length: count }, (_, i) => {
    const [name, make] = harmlessShapes[i % harmlessShapes.length] ?? ["nothing", () => ""]
    return [name, make(random)] as const
  })
}
