/** The product's own alerts: what users asked to be told, evaluated on a schedule. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Struct from "effect/Struct"
import { randomUUID } from "node:crypto"
import { indicators } from "../data/Simulated.ts"
import { Providers } from "../providers/Providers.ts"
import { Settings } from "../Settings.ts"
import { Ledger } from "./Ledger.ts"
import { Macro, regimes } from "./Macro.ts"
import * as News from "./News.ts"
import { type DeliveryMethod, deliveryMethods, Notifications } from "./Notifications.ts"
import { Performance } from "./Performance.ts"
import { Pricing } from "./Pricing.ts"

const Bounds = { above: Schema.optionalKey(Schema.Finite), below: Schema.optionalKey(Schema.Finite) }

/** Without a bound to cross nothing would ever trigger. */
const bounded = Schema.makeFilter<{ readonly above?: number; readonly below?: number }>(
  ({ above, below }) => above !== undefined || below !== undefined || "above or below is needed"
)

/** What to watch, by the alert's type: a figure with the bound whose crossing triggers, or the regime that does. */
export const Condition = Schema.Union([
  Schema.Struct({ alert_type: Schema.Literal("price"), symbol: Schema.String, ...Bounds }).check(bounded),
  Schema.Struct({
    alert_type: Schema.Literal("macro"),
    indicator: Schema.Literals(Struct.keys(indicators)),
    ...Bounds
  }).check(bounded),
  Schema.Struct({
    alert_type: Schema.Literals(["drawdown_limit", "dar_breach", "metric", "news_sentiment"]),
    portfolio_id: Schema.String,
    ...Bounds
  }).check(bounded),
  Schema.Struct({ alert_type: Schema.Literal("regime_shift"), regime: Schema.Literals(regimes) })
])

export const NewAlert = Schema.Struct({
  condition: Condition,
  delivery_method: Schema.Literals(deliveryMethods),
  cooldown_minutes: Schema.Int.check(Schema.isBetween({ minimum: 15, maximum: 1440 }))
})

export interface Alert {
  readonly id: string
  readonly user_id: string
  readonly alert_type: (typeof Condition.Type)["alert_type"]
  readonly condition: unknown
  readonly delivery_method: DeliveryMethod
  readonly cooldown_minutes: number
  readonly last_triggered_at: Date | null
}

export type EvaluationStatus = "triggered" | "not_triggered" | "skipped" | "error"

/** Whether what was observed is what the alert waits for. */
export const triggers = (condition: typeof Condition.Type, value: number | string | undefined): boolean =>
  condition.alert_type === "regime_shift"
    ? value === condition.regime
    : typeof value === "number" && (value > (condition.above ?? Infinity) || value < (condition.below ?? -Infinity))

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "AlertService", method })

export class Alerts extends Context.Service<Alerts>()("dawsos/AlertService", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const settings = yield* Settings
    const pricing = yield* Pricing
    const macro = yield* Macro
    const performance = yield* Performance
    const notifications = yield* Notifications
    const ledger = yield* Ledger
    const providers = yield* Providers

    const columns = sql.literal(
      "id, user_id, alert_type, condition, delivery_method, cooldown_minutes, last_triggered_at"
    )

    const list = Effect.fn(function*(userId: string) {
      return yield* sql<Alert>`select ${columns} from alerts where user_id = ${userId} and active order by id`
    }, observed("list"))

    /** The id of the alert; asking for the same again gives the one that there is, with the new cool-down. */
    const create = Effect.fn(function*(userId: string, alert: typeof NewAlert.Type) {
      const { alert_type, ...condition } = alert.condition
      const id = randomUUID()
      const rows = yield* sql<{ id: string }>`
        insert into alerts (id, user_id, alert_type, condition, delivery_method, cooldown_minutes)
        values (${id}, ${userId}, ${alert_type}, ${JSON.stringify(condition)}::jsonb,
          ${alert.delivery_method}, ${alert.cooldown_minutes})
        on conflict (user_id, alert_type, condition, delivery_method) where active
          do update set cooldown_minutes = excluded.cooldown_minutes
        returning id`
      return rows[0]?.id ?? id
    }, observed("create"))

    /** Whether there was such an alert of this user. */
    const remove = Effect.fn(function*(userId: string, id: string) {
      const rows = yield* sql`
        update alerts set active = false where id = ${id} and user_id = ${userId} and active returning id`
      return rows.length > 0
    }, observed("remove"))

    /** What the day's news say about a portfolio as it is worth now; nothing while there are no prices. */
    const sentiment = Effect.fnUntraced(function*(portfolioId: string) {
      const portfolio = yield* ledger.portfolio(portfolioId)
      const pack = yield* pricing.latestPack()
      if (portfolio === undefined || pack?.status !== "fresh") return undefined
      const positions = yield* pricing.value(yield* ledger.positions(portfolioId), pack.id, portfolio.base_currency)
      const news = yield* News.search(providers, positions.map(({ symbol }) => symbol), 24)
      return News.impact(positions, news.data).sentiment
    })

    const observe = (condition: typeof Condition.Type) => {
      switch (condition.alert_type) {
        case "price":
          return Effect.map(pricing.quote(condition.symbol), (quote) => quote.data.price)
        case "macro":
          return Effect.map(macro.series(condition.indicator), (values) => values.at(-1))
        case "drawdown_limit":
          return Effect.map(performance.computeMaxDrawdown(condition.portfolio_id), (figure) => figure.max_drawdown)
        case "dar_breach":
          return Effect.map(performance.computeDar(condition.portfolio_id, 0.95), (figure) => figure.dar)
        case "metric":
          return Effect.map(performance.computeSharpe(condition.portfolio_id), (figure) => figure.sharpe)
        case "news_sentiment":
          return sentiment(condition.portfolio_id)
        case "regime_shift":
          return Effect.map(macro.detectRegime(), ({ regime }) => regime)
      }
    }

    /** Evaluates one alert and delivers it when it triggers outside of its cool-down. */
    const evaluate = Effect.fn(function*(alert: Alert) {
      const now = yield* Clock.currentTimeMillis
      const cooldown = Settings.scaled(settings, Duration.minutes(alert.cooldown_minutes))
      if (alert.last_triggered_at !== null && now - alert.last_triggered_at.getTime() < Duration.toMillis(cooldown)) {
        return "skipped" as EvaluationStatus
      }
      const condition = yield* Schema.decodeUnknownEffect(Condition)({
        ...Object(alert.condition),
        alert_type: alert.alert_type
      })
      const value = yield* observe(condition)
      if (!triggers(condition, value)) return "not_triggered" as EvaluationStatus
      yield* sql`update alerts set last_triggered_at = ${new Date(now)} where id = ${alert.id}`
      yield* notifications.send({
        alert_id: alert.id,
        user_id: alert.user_id,
        delivery_method: alert.delivery_method,
        message: `${alert.alert_type}: ${value}`
      })
      return "triggered" as EvaluationStatus
    }, observed("evaluate"))

    /** Evaluates all active alerts; one that fails is logged and does not keep the others from being evaluated. */
    const evaluateAll = Effect.fn(function*() {
      const alerts = yield* sql<Alert>`select ${columns} from alerts where active order by id`
      return yield* Effect.forEach(alerts, (alert) =>
        Effect.catch(evaluate(alert), (error) =>
          Effect.as(
            Effect.logWarning("an alert could not be evaluated", { alert_type: alert.alert_type, error: error._tag }),
            "error" as EvaluationStatus
          )).pipe(Effect.tap((status) => DawsOs.recordAlertEvaluated({ alertType: alert.alert_type, status }))))
    }, observed("evaluate_all"))

    return { list, create, remove, evaluate, evaluateAll }
  })
}) {
  static readonly layer = Layer.effect(Alerts, Alerts.make)
}
