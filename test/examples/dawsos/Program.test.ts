/**
 * The whole domain on the embedded database and the simulated providers. Expected figures come from a separate Python 3
 * program (standard library only) that reads the same CSV files and values the seeded portfolios by unit pricing.
 */
import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { Executor } from "../../../examples/dawsos/api/Executor.ts"
import { demoPortfolios, demoUsers } from "../../../examples/dawsos/database/Seed.ts"
import { AgentRuntime } from "../../../examples/dawsos/orchestrator/AgentRuntime.ts"
import { Orchestrator } from "../../../examples/dawsos/orchestrator/Orchestrator.ts"
import { PackBuilder } from "../../../examples/dawsos/pack/PackBuilder.ts"
import * as Program from "../../../examples/dawsos/Program.ts"
import { Simulator } from "../../../examples/dawsos/providers/Simulator.ts"
import { Alerts } from "../../../examples/dawsos/services/Alerts.ts"
import { Macro, regimes } from "../../../examples/dawsos/services/Macro.ts"
import { Notifications, WebhookSink } from "../../../examples/dawsos/services/Notifications.ts"
import { at } from "./at.ts"
import { settings } from "./settings.ts"

const [growth, income, balanced] = demoPortfolios
const ada = `Bearer ${demoUsers[0].token}`
const near = (actual: unknown, expected: number) => assert.closeTo(Number(actual), expected, 1e-9)
const execute = (pattern_id: string, inputs: Record<string, unknown> = {}, token: string | undefined = ada) =>
  Effect.flatMap(
    Executor,
    (executor) => executor.asUser(token, (user) => executor.execute(user, { pattern_id, inputs }))
  )
const state = (pattern_id: string, inputs: Record<string, unknown> = {}) =>
  Effect.map(execute(pattern_id, inputs), (result) => result.data)
/** Runs as if it were that much later: what is kept for a while has become too old. */
const later = (duration: Duration.Duration) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.clockWith((clock) =>
    Effect.provideService(
      self,
      Clock.Clock,
      Object.assign(Object.create(clock), {
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + Duration.toMillis(duration))
      })
    )
  )
const codeOf = (pattern_id: string, inputs: Record<string, unknown> = {}, token?: string) =>
  Effect.map(Effect.flip(execute(pattern_id, inputs, token)), (error) => "code" in error ? error.code : error._tag)

// One test after the other: the first ones see the program before its first pricing pack.
layer(Program.domain.pipe(Layer.provide(settings())), { excludeTestServices: true, timeout: "60 seconds" })(
  "the DawsOS program",
  (it) => {
    it.effect("authenticates first, then refuses to work without a pricing pack", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* codeOf("portfolio_overview", {}, "Bearer wrong"), "unauthorized")
        assert.strictEqual(yield* codeOf("no_such_pattern"), "pricing_pack_not_found")
      }))

    it.effect("answers 503 pricing_pack_warming while the first pack is being built", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into pricing_packs (id, asof_date, policy, status)
          values ('PP_2000-01-01', '2000-01-01', 'close', 'warming')`
        assert.strictEqual(yield* codeOf("portfolio_overview", { portfolio_id: growth.id }), "pricing_pack_warming")
      }))

    it.effect("builds a pack whose content and hash do not change when it is built again", () =>
      Effect.gen(function*() {
        const builder = yield* PackBuilder
        const sql = yield* SqlClient.SqlClient
        const first = yield* builder.build()
        const read = sql<{ sha256: string; status: string; payload: unknown }>`
          select sha256, status, payload from pricing_packs where id = ${first.id}`
        const [before] = yield* read
        assert.strictEqual(before?.status, "fresh")
        assert.deepStrictEqual(at(before, "payload", "prices", "AAPL"), 223.02)
        yield* builder.build()
        const [after] = yield* read
        assert.strictEqual(after?.sha256, before?.sha256)
        assert.match(before?.sha256 ?? "", /^[0-9a-f]{64}$/)
      }))

    it.effect("refuses what is not allowed, in the order of the request's way", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* codeOf("no_such_pattern", { portfolio_id: balanced.id }), "forbidden")
        assert.strictEqual(yield* codeOf("portfolio_overview", { portfolio_id: "missing" }), "forbidden")
        assert.strictEqual(yield* codeOf("no_such_pattern"), "pattern_not_found")
        assert.strictEqual(yield* codeOf("buffett_checklist", {}), "pattern_invalid")
        assert.strictEqual(yield* codeOf("buffett_checklist", { security_id: "IBM", more: 1 }), "pattern_invalid")
      }))

    it.effect("gives the overview that unit pricing gives", () =>
      Effect.gen(function*() {
        const result = yield* execute("portfolio_overview", { portfolio_id: growth.id })
        const { data } = result
        near(at(data, "performance", "twr"), 0.8726493822803707)
        near(at(data, "valued", 0, "weight"), 0.5167380303620085)
        near(at(data, "sectors", "Retail"), 0.19898422584292572)
        near(at(data, "nav", -1, "value"), 129477.6)
        near(at(data, "attribution", "currency"), 0)
        near(at(data, "attribution", "total"), 0.8726493822803707)
        assert.deepStrictEqual(result.trace.agents_used, ["financial_analyst"])
        assert.strictEqual(result.trace.steps.length, 6)
        assert.isFalse(result.degraded)
      }))

    it.effect("splits the return of a portfolio in euros into market and currency", () =>
      Effect.gen(function*() {
        const { attribution } = yield* state("portfolio_overview", { portfolio_id: income.id })
        near(at(attribution, "total"), 0.2432507533793291)
        near(at(attribution, "local"), 0.41846308537886134)
        near(at(attribution, "currency"), -0.12352265900013504)
      }))

    it.effect("computes the money-weighted return from what was paid in", () =>
      Effect.gen(function*() {
        const data = yield* state("export_portfolio_report", { portfolio_id: growth.id })
        near(at(data, "mwr", "mwr"), 0.26997172480001586)
        assert.match(String(at(data, "report", "content")), /^symbol,quantity,price,value,weight\nAAPL,300,223.02,/)
      }))

    it.effect("skips a step whose condition does not hold", () =>
      Effect.gen(function*() {
        const result = yield* execute("news_impact_analysis", { portfolio_id: income.id })
        assert.deepStrictEqual(result.trace.steps.map((step) => step.status), ["ok", "ok", "ok", "skipped"])
        assert.notProperty(result.data, "alert")
      }))

    it.effect("marks an answer as degraded where a rating is made up", () =>
      Effect.gen(function*() {
        const whole = yield* execute("policy_rebalance", { portfolio_id: growth.id })
        assert.isFalse(whole.degraded)
        const withIndex = yield* execute("policy_rebalance", { portfolio_id: income.id })
        assert.isTrue(withIndex.degraded)
        assert.strictEqual(withIndex.trace.provenance["ratings"], "stub")
      }))

    it.effect("fails in the agent where there are no fundamentals, and writes it into the audit log", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        assert.strictEqual(yield* codeOf("buffett_checklist", { security_id: "SPX" }), "agent_execution_error")
        const log =
          yield* sql`select outcome from audit_log where action = 'buffett_checklist' order by id desc limit 1`
        assert.deepStrictEqual(log, [{ outcome: "error" }])
      }))

    it.effect("has six patterns and more, and every step of them has an agent", () =>
      Effect.gen(function*() {
        const { patterns } = yield* Orchestrator
        const runtime = yield* AgentRuntime
        assert.isAtLeast(patterns.length, 6)
        assert.isAtLeast(runtime.capabilities.length, 20)
        const used = patterns.flatMap((pattern) => pattern.steps.map((step) => step.capability))
        assert.deepStrictEqual(used.filter((capability) => runtime.agentOf(capability) === undefined), [])
        assert.deepStrictEqual(new Set(runtime.capabilities.map((name) => runtime.agentOf(name))).size, 4)
      }))

    it.effect("triggers an alert once, then keeps it quiet; a delivery that fails is tried again from the queue", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const alerts = yield* Alerts
        const notifications = yield* Notifications
        const sink = yield* WebhookSink
        yield* sql`update alerts set active = false`
        yield* alerts.create(demoUsers[0].id, {
          condition: { alert_type: "price", symbol: "AAPL", above: 100 },
          delivery_method: "webhook",
          cooldown_minutes: 1440
        })
        const cold = yield* alerts.create(demoUsers[0].id, {
          condition: { alert_type: "macro", indicator: "UNRATE", above: 99 },
          delivery_method: "inapp",
          cooldown_minutes: 15
        })
        assert.deepStrictEqual((yield* alerts.evaluateAll()).toSorted(), ["not_triggered", "triggered"])
        assert.strictEqual(sink.received(), 0)
        yield* sql`update dlq set next_attempt_at = now() - interval '1 second'`
        assert.deepStrictEqual(yield* notifications.retryDue(), ["success"])
        assert.strictEqual(sink.received(), 1)
        assert.deepStrictEqual(yield* notifications.retryDue(), [])
        assert.deepStrictEqual((yield* alerts.evaluateAll()).toSorted(), ["not_triggered", "skipped"])
        assert.isFalse(yield* alerts.remove(demoUsers[1].id, cold))
        assert.isTrue(yield* alerts.remove(demoUsers[0].id, cold))
      }))

    it.effect("gives a notification up as a dead letter after its third retry", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const notifications = yield* Notifications
        const entry = { alert_id: "a", user_id: "u", delivery_method: "email", message: "m" } as const
        // The sink refuses the first e-mail.
        yield* sql`insert into dlq ${sql.insert({ ...entry, attempts: 3, next_attempt_at: new Date(0) })}`
        assert.deepStrictEqual(yield* notifications.retryDue(), ["dead_letter"])
        assert.deepStrictEqual(
          yield* sql`select status, attempts from dlq where alert_id = 'a'`,
          [{ status: "dead", attempts: 4 }]
        )
        yield* sql`update dlq set next_attempt_at = now() - interval '1 hour'`
        assert.deepStrictEqual(yield* notifications.retryDue(), [])
      }))

    it.effect("keeps one alert however often the news ask for it, and evaluates it on the news of the day", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const alerts = yield* Alerts
        yield* sql`update alerts set active = false`
        const ask = state("news_impact_analysis", { portfolio_id: income.id, create_alert: true })
        const first = at(yield* ask, "alert")
        assert.deepStrictEqual(at(yield* ask, "alert"), first)
        assert.strictEqual(at(first, "created"), true)
        assert.deepStrictEqual(
          yield* sql`select id, alert_type, condition from alerts where active`,
          [{
            id: at(first, "alert_id"),
            alert_type: "news_sentiment",
            condition: { portfolio_id: income.id, below: -0.1 }
          }]
        )
        assert.deepStrictEqual(yield* alerts.evaluateAll(), ["triggered"])
        // The bound as another would set it: today's news are not that bad.
        yield* sql`update alerts set last_triggered_at = null, condition = condition || '{"below": -0.9}'::jsonb
          where active`
        assert.deepStrictEqual(yield* alerts.evaluateAll(), ["not_triggered"])
      }))

    it.effect("triggers an alert on the regime that it waits for, and on no other", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const alerts = yield* Alerts
        const { regime } = yield* (yield* Macro).detectRegime()
        yield* sql`update alerts set active = false`
        for (const awaited of regimes) {
          yield* alerts.create(demoUsers[0].id, {
            condition: { alert_type: "regime_shift", regime: awaited },
            delivery_method: "inapp",
            cooldown_minutes: 15
          })
        }
        const evaluated = yield* sql<{ condition: unknown }>`select condition from alerts where active order by id`
        assert.deepStrictEqual(
          yield* alerts.evaluateAll(),
          evaluated.map(({ condition }) => at(condition, "regime") === regime ? "triggered" : "not_triggered")
        )
      }))

    it.effect("serves the last good answer when a provider goes down, and says so", () =>
      Effect.gen(function*() {
        const simulator = yield* Simulator
        const runtime = yield* AgentRuntime
        const ctx = yield* Effect.flatMap(
          Executor,
          (executor) => executor.context({ ...demoUsers[0] }, undefined, true)
        )
        const quote = (symbol: string) => runtime.execute("provider.fetch_quote", { symbol }, ctx, new Map())
        yield* execute("holding_deep_dive", { symbol: "MSFT" })
        const before = yield* quote("MSFT")
        simulator.setFault("provider-down")
        const kept = yield* later(Duration.minutes(1))(quote("MSFT"))
        assert.deepStrictEqual(kept, { data: before.data, provenance: "stale" })
        assert.isTrue((yield* later(Duration.minutes(1))(execute("holding_deep_dive", { symbol: "MSFT" }))).degraded)
        // Never asked for before: the failure is a field of the quote.
        const missing = yield* quote("AMZN")
        assert.strictEqual(missing.provenance, "stub")
        assert.deepInclude(missing.data, { price: null, error: "fmp /v3/quote/{symbol} gave no usable answer" })
        simulator.setFault(undefined)
      }))
  }
)
