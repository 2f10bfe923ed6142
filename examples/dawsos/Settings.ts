/** What can be set from the environment, and the fault that the program was asked to suffer. */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { FaultSwitch } from "./FaultSwitch.ts"

export interface SettingsShape {
  /** 0 asks for any free port. */
  readonly port: number
  readonly databaseUrl: Redacted.Redacted | undefined
  readonly redisUrl: Redacted.Redacted | undefined
  /** Requests per second of the traffic generator. */
  readonly trafficRate: number
  readonly packInterval: Duration.Duration
  readonly alertInterval: Duration.Duration
  /** How many times faster than in production retries, cool-downs and the breaker's open time run. */
  readonly timeScale: number
  readonly fault: FaultSwitch
}

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** `250ms`, `10s`, `1.5m` or `2h`. */
export const parseDuration = (text: string): Duration.Duration | undefined => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  return amount === undefined ? undefined : Duration.millis(Number(amount) * units[unit as keyof typeof units])
}

interface Variable<A> {
  readonly name: string
  readonly allowed: string
  readonly parse: (text: string) => A | undefined
  readonly fallback: A
  readonly secret?: boolean
}

const number = (name: string, fallback: number, minimum: number, maximum: number): Variable<number> => ({
  name,
  fallback,
  allowed: `a decimal number from ${minimum} to ${maximum}`,
  parse: (text) =>
    /^\d+(\.\d+)?$/.test(text) && Number(text) >= minimum && Number(text) <= maximum ? Number(text) : undefined
})

const interval = (name: string, fallback: Duration.Duration): Variable<Duration.Duration> => ({
  name,
  fallback,
  allowed: "a number above 0 with ms, s, m or h, such as 30s",
  parse: (text) =>
    Option.getOrUndefined(Option.filter(Option.fromUndefinedOr(parseDuration(text)), Duration.isPositive))
})

const decodable = (text: string): boolean => {
  try {
    return decodeURIComponent(text) !== ""
  } catch {
    return false
  }
}

const url = (name: string, allowed: string, scheme: RegExp): Variable<Redacted.Redacted | undefined> => ({
  name,
  fallback: undefined,
  allowed,
  secret: true,
  parse: (text) => scheme.test(text) && URL.canParse(text) && decodable(text) ? Redacted.make(text) : undefined
})

const variables: { readonly [Name in keyof Omit<SettingsShape, "fault">]: Variable<SettingsShape[Name]> } = {
  port: {
    name: "PORT",
    fallback: 8000,
    allowed: "a whole number from 0 to 65535 in decimal digits; 0 takes any free port",
    parse: (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
  },
  databaseUrl: url("DATABASE_URL", "postgres://user:password@host:port/database", /^postgres(ql)?:\/\//),
  redisUrl: url("REDIS_URL", "redis://user:password@host:port or rediss://…", /^rediss?:\/\//),
  trafficRate: number("TRAFFIC_RATE", 8, 0, 1000),
  packInterval: interval("PACK_BUILD_INTERVAL", Duration.seconds(30)),
  alertInterval: interval("ALERT_INTERVAL", Duration.seconds(2)),
  timeScale: number("TIME_SCALE", 60, 1, 100_000)
}

/** The program's own variables with what is allowed, a line each. */
export const variableLines: ReadonlyArray<string> = Object.values(variables).map(({ allowed, name }) =>
  `${name.padEnd(21)} ${allowed}`
)

/** The program's own variables; all bad values at once, said as the observability layer says it. */
export const config: Config.Config<Omit<SettingsShape, "fault">> = Config.all(
  Object.values(variables).map(({ name }) => Config.option(Config.String(name)))
).pipe(Config.mapEffect((texts) => {
  const problems: Array<SchemaIssue.Issue> = []
  const values = Object.entries(variables).map(([key, variable]: [string, Variable<unknown>], index) => {
    const text = Option.getOrUndefined(texts[index] ?? Option.none())
    const value = text === undefined ? variable.fallback : variable.parse(text)
    if (text !== undefined && value === undefined) {
      const shown = variable.secret === true ? " (a secret, not shown)" : `=${JSON.stringify(text.slice(0, 120))}`
      const message = `${variable.name}${shown} is not allowed. Allowed: ${variable.allowed}.`
      problems.push(new SchemaIssue.Pointer([variable.name], new SchemaIssue.InvalidValue({ message })))
    }
    return [key, value]
  })
  const [first, ...rest] = problems
  return first === undefined
    ? Effect.succeed(Object.fromEntries(values) as Omit<SettingsShape, "fault">)
    : Effect.fail(configError([first, ...rest]))
}))

/** One error for several problems. */
export const configError = (issues: readonly [SchemaIssue.Issue, ...Array<SchemaIssue.Issue>]): Config.ConfigError =>
  new Config.ConfigError(new Schema.SchemaError(new SchemaIssue.Composite(Schema.Unknown.ast, issues)))

export class Settings extends Context.Service<Settings, SettingsShape>()("dawsos/Settings") {
  /** From the environment. */
  static readonly layer = (fault: FaultSwitch): Layer.Layer<Settings, Config.ConfigError> =>
    Layer.effect(Settings, Effect.map(config, (values) => ({ ...values, fault })))

  /** A production duration as it runs here. */
  static readonly scaled = (settings: SettingsShape, production: Duration.Input): Duration.Duration =>
    Duration.millis(Duration.toMillis(Duration.fromInputUnsafe(production)) / settings.timeScale)
}
