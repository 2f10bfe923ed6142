/** The product's own alerts: what users asked to be told, evaluated on a schedule. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { randomUUID } from "node:crypto"
import { Settings } from "../Settings.ts"
import { Macro } from "./Macro.ts"
import { type DeliveryMethod, deliveryMethods, Notifications } from "./Notifications.ts"
import { Performance } from "./Performance.ts"
import { Pricing } from "./Pricing.ts"

const Bounds = { above: Schema.optionalKey(Schema.Finite), below: Schema.optionalKey(Schema.Finite) }

/** What to watch, by the alert's type, and the bound whose crossing triggers it. */
export const Condition = Schema.Union([
  Schema.Struct({ alert_type: Schema.Literal("price"), symbol: Schema.String, ...Bounds }),
  Schema.Struct({ alert_type: Schema.Literal("macro"), indicator: Schema.String, ...Bounds }),
  Schema.Struct({
    alert_type: Schema.Literals(["drawdown_limit", "dar_breach", "metric"]),
    portfolio_id: Schema.String,
    ...Bounds
  }),
  Schema.Struct({ alert_type: Schema.Literal("regime_shift"), regime: Schema.String, ...Bounds }),
  Schema.Struct({ alert_type: Schema.Literal("news_sentiment"), value: Schema.Finite, ...Bounds })
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

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "AlertService", method })

export class Alerts extends Context.Service<Alerts>()("dawsos/AlertService", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const settings = yield* Settings
    const pricing = yield* Pricing
    const macro = yield* Macro
    const performance = yield* Performance
    const notifications = yield* Notifications

    const columns = sql.literal(
      "id, user_id, alert_type, condition, delivery_method, cooldown_minutes, last_triggered_at"
    )

    const list = Effect.fn(function*(userId: string) {
      return yield* sql<Alert>`select ${columns} from alerts where user_id = ${userId} and active order by id`
    }, observed("list"))

    const create = Effect.fn(function*(userId: string, alert: typeof NewAlert.Type) {
      const { alert_type, ...condition } = alert.condition
      const id = randomUUID()
      yield* sql`
        insert into alerts (id, user_id, alert_type, condition, delivery_method, cooldown_minutes)
        values (${id}, ${userId}, ${alert_type}, ${JSON.stringify(condition)}::jsonb, ${alert.delivery_method},
          ${alert.cooldown_minutes})`
      return id
    }, observed("create"))

    /** Whether there was such an alert of this user. */
    const remove = Effect.fn(function*(userId: string, id: string) {
      const rows = yield* sql`
        update alerts set active = false where id = ${id} and user_id = ${userId} and active returning id`
      return rows.length > 0
    }, observed("remove"))

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
        case "regime_shift":
          return Effect.map(macro.detectRegime(), ({ regime }) => regime === condition.regime ? 1 : 0)
        case "news_sentiment":
          return Effect.succeed(condition.value)
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
      const triggered = value !== undefined &&
        ((condition.above !== undefined && value > condition.above) ||
          (condition.below !== undefined && value < condition.below))
      if (!triggered) return "not_triggered" as EvaluationStatus
      yield* sql`update alerts set last_triggered_at = ${new Date(now)} where id = ${alert.id}`
      yield* notifications.send({
        alert_id: alert.id,
        user_id: alert.user_id,
        delivery_method: alert.delivery_method,
        message: `${alert.alert_type}: ${value} crossed its bound`
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
