/** What the reference program prints when it can't start or ends by itself: no secret of its environment, or of an error. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Secrets from "../support/Secrets.ts"
import * as CrashParts from "./CrashParts.ts"
import * as ReferenceProgram from "./ReferenceProgram.ts"
import * as Search from "./Search.ts"
import * as Traffic from "./Traffic.ts"

const timeout = 600_000

const environment = { PORT: "0", METRICS_PORT: "0", TRAFFIC_RATE: "0" }

const run = Effect.fnUntraced(function*(
  env: Readonly<Record<string, string>>,
  imports: ReadonlyArray<string> = [],
  args: ReadonlyArray<string> = []
) {
  const running = yield* ReferenceProgram.start({ ...environment, ...env }, { imports, args })
  const { code, stderr, stdout } = yield* running.ended
  return { code, output: Buffer.concat([stdout, stderr]) }
}, Effect.scoped)

const password = (seed: number): string => Secrets.seeded(`crash ${seed}`).of("abcdefghijkmnpqrstuvwxyz23456789", 16)

const leaksOf = (output: Buffer, secrets: ReadonlyArray<string>): ReadonlyArray<string> =>
  new Search.Needles(secrets.flatMap(Secrets.needles)).find(output).map(({ around }) => around)

/** Programs that end at once because of what their environment says, with what they have to say of it. */
const environments: ReadonlyArray<
  readonly [what: string, env: (secret: string) => Readonly<Record<string, string>>, says: RegExp]
> = [
  [
    "a database that does not answer",
    (secret) => ({ DATABASE_URL: `postgres://svc:${secret}@127.0.0.1:1/dawsos` }),
    /The program can't go on:\n {2}- DATABASE_URL: no usable Postgres/
  ],
  [
    "a database URL that is none",
    (secret) => ({ DATABASE_URL: `mysql://svc:${secret}@127.0.0.1/dawsos` }),
    /DATABASE_URL \(a secret, not shown\)/
  ],
  [
    "a Redis that does not answer",
    (secret) => ({ REDIS_URL: `redis://:${secret}@127.0.0.1:1/0` }),
    /REDIS_URL: no connection to the Redis/
  ],
  [
    "a DSN without a project",
    (secret) => ({ SENTRY_DSN: `https://${secret}@/` }),
    /SENTRY_DSN \(a secret, not shown\)/
  ],
  [
    "headers that are none",
    (secret) => ({ OTEL_EXPORTER_OTLP_HEADERS: `authorization Bearer ${secret}` }),
    /OTEL_EXPORTER_OTLP_HEADERS \(a secret, not shown\)/
  ],
  [
    "a destination with credentials that is none",
    (secret) => ({ JAEGER_ENDPOINT: `ftp://svc:${secret}@jaeger/api/traces?token=${secret}` }),
    /JAEGER_ENDPOINT=/
  ],
  [
    "a key as number of a port",
    (secret) => ({ METRICS_PORT: `${["gh", "p_"].join("")}${secret}${secret}ab12` }),
    /METRICS_PORT=/
  ],
  ["a key as the program's own setting", (secret) => ({ TRAFFIC_RATE: `Bearer ${secret}` }), /TRAFFIC_RATE=/],
  [
    "a password as argument of another variable",
    (secret) => ({ ALERT_INTERVAL: `password=${secret}` }),
    /ALERT_INTERVAL=/
  ]
]

describe.concurrent("the reference program tells no secret of its environment", () => {
  for (const [index, [what, env, says]] of environments.entries()) {
    it.live(`where it ends because of ${what}`, () =>
      Effect.gen(function*() {
        const secret = password(index)
        const { code, output } = yield* run(env(secret))
        assert.strictEqual(code, 1)
        assert.match(output.toString("utf8"), says)
        assert.deepStrictEqual(leaksOf(output, [secret]), [])
      }), timeout)
  }

  it.live("while it runs", () =>
    Effect.gen(function*() {
      const [token, key, header] = [password(100), password(101), password(102)]
      const { code, output } = yield* run(
        {
          METRICS_TOKEN: token,
          SENTRY_DSN: `http://${key}@127.0.0.1:1/1`,
          OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://svc:${header}@127.0.0.1:1/v1/traces?key=${header}`,
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${header},x-api-key=${header}`,
          OTEL_BSP_SCHEDULE_DELAY: "100",
          TRAFFIC_RATE: "50"
        },
        [],
        ["--duration", "3s"]
      )
      const text = output.toString("utf8")
      assert.include(text, "spans go to http://127.0.0.1:1/v1/traces")
      assert.include(text, "Summary")
      assert.include([0, 1], code)
      assert.deepStrictEqual(leaksOf(output, [token, key, header]), [])
    }), timeout)
})

/** Ways in which a program ends by itself, each with what it says first and with the parts of the error that it shows. */
const crashes: ReadonlyArray<readonly [how: string, says: string, shows: ReadonlyArray<CrashParts.Part>]> = [
  // Effect's rendering of a cause leaves the fields of an error out.
  ["defect", "a fatal probe", ["message", "cause"]],
  ["uncaught", "Uncaught", ["message", "cause", "field"]],
  ["rejected", "Uncaught", ["message", "cause", "field"]]
]

describe.concurrent("the reference program crashes without a secret", () => {
  for (const [index, [how, says, shows]] of crashes.entries()) {
    // An output has its longest length: a third of the secrets each.
    const sent = Traffic.secrets(4).filter((_, at) => at % crashes.length === index)
    const needles = new Search.Needles(sent.flatMap(({ needles }) => needles))
    const markers = (text: string, part: CrashParts.Part) => text.split(CrashParts.markerOf(part)).length - 1
    const env = { LEAKS_CRASH: how, LEAKS_TEXTS: JSON.stringify(sent.map(({ text }) => text)) }

    it.live(
      `when it ends with ${how === "defect" ? "a defect" : `an error that is ${how}`}`,
      () =>
        Effect.gen(function*() {
          const { code, output } = yield* run(env, ["hooks.ts"])
          assert.strictEqual(code, 1)
          const text = output.toString("utf8")
          assert.include(text, says)
          assert.include(text, "a fatal probe")
          // A secret of several lines may take the marker behind it with it.
          for (const part of CrashParts.parts) {
            const given = sent.filter((_, at) => CrashParts.partOf(at) === part).length
            if (shows.includes(part)) assert.isAtLeast(markers(text, part), given - 3, part)
            else assert.strictEqual(markers(text, part), 0, `${part} is shown: search it`)
          }
          assert.deepStrictEqual(needles.find(output).map(({ around }) => around), [])
        }),
      timeout
    )

    it.live(`which is found, were nothing scrubbed, when it ends with ${how}`, () =>
      Effect.gen(function*() {
        const { output } = yield* run({ ...env, LEAKS_SCRUBBER: "off" }, ["hooks.ts"])
        const found = new Set(needles.find(output).map(({ needle }) => needle))
        for (const part of shows) {
          const ofPart = sent.filter((_, at) => CrashParts.partOf(at) === part)
          assert.isAbove(ofPart.filter((one) => one.needles.some((needle) => found.has(needle))).length, 10, part)
        }
      }), timeout)
  }
})
