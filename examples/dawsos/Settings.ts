/** What can be set from the environment, and the fault that the program was asked to suffer. */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

/** Each fault and what it does; the alert that each is to raise is in the project's documents. */
export const faults = {
  "provider-down": "market data providers answer 500",
  "provider-slow": "market data providers take three seconds to answer",
  "provider-quota": "market data providers have almost no quota left",
  "database-slow": "every answer of the database takes 100 ms longer",
  "database-exhausted": "idle transactions hold nearly all database connections",
  "pack-stale": "the newest pricing pack is 26 hours old and its build fails",
  "pattern-broken": "one pattern was deployed with a mistyped template",
  "error-storm": "half of all pattern executions hit a defect",
  "collector-down": "the trace collector refuses connections"
} as const

export type Fault = keyof typeof faults

export const isFault = (name: string): name is Fault => Object.hasOwn(faults, name)

export interface SettingsShape {
  readonly port: number
  readonly databaseUrl: Redacted.Redacted | undefined
  readonly redisUrl: Redacted.Redacted | undefined
  /** Requests per second of the traffic generator. */
  readonly trafficRate: number
  readonly packInterval: Duration.Duration
  readonly alertInterval: Duration.Duration
  /** How many times faster than in production retries, cool-downs and the breaker's open time run. */
  readonly timeScale: number
  readonly fault: Fault | undefined
}

const config = Config.all({
  port: Config.Port("PORT").pipe(Config.withDefault(8000)),
  databaseUrl: Config.Redacted("DATABASE_URL").pipe(Config.withDefault(undefined)),
  redisUrl: Config.Redacted("REDIS_URL").pipe(Config.withDefault(undefined)),
  trafficRate: Config.Finite("TRAFFIC_RATE").pipe(Config.withDefault(8)),
  packInterval: Config.Duration("PACK_BUILD_INTERVAL").pipe(Config.withDefault(Duration.seconds(30))),
  alertInterval: Config.Duration("ALERT_INTERVAL").pipe(Config.withDefault(Duration.seconds(2))),
  timeScale: Config.Finite("TIME_SCALE").pipe(Config.withDefault(60))
})

export class Settings extends Context.Service<Settings, SettingsShape>()("dawsos/Settings") {
  /** From the environment. */
  static readonly layer = (fault: Fault | undefined): Layer.Layer<Settings, Config.ConfigError> =>
    Layer.effect(Settings, Effect.map(config, (values) => ({ ...values, fault })))

  /** A production duration as it runs here. */
  static readonly scaled = (settings: SettingsShape, production: Duration.Input): Duration.Duration =>
    Duration.millis(Duration.toMillis(Duration.fromInputUnsafe(production)) / settings.timeScale)
}
