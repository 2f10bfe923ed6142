/**
 * The way of a request: who asks, the newest pack, is it fresh, the context, does the portfolio belong to them, the
 * pattern, the audit log.
 */
import { Boundary, ErrorTracking } from "@dawsos/observability"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { createHash, randomUUID } from "node:crypto"
import type { RequestContext } from "../Domain.ts"
import { asInternal, Rejected } from "../Errors.ts"
import { bindInputs, Orchestrator } from "../orchestrator/Orchestrator.ts"
import { Audit } from "../services/Audit.ts"
import { Ledger } from "../services/Ledger.ts"
import { Pricing } from "../services/Pricing.ts"

export const ExecuteRequest = Schema.Struct({
  pattern_id: Schema.String,
  inputs: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  require_fresh: Schema.optionalKey(Schema.Boolean)
})

export interface User {
  readonly id: string
  readonly email: string
  readonly role: string
}

const rejected = (code: Rejected["code"], detail: string) => new Rejected({ code, detail })

export class Executor extends Context.Service<Executor>()("dawsos/Executor", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const pricing = yield* Pricing
    const ledger = yield* Ledger
    const orchestrator = yield* Orchestrator
    const audit = yield* Audit

    /** The user of a bearer token. */
    const authenticate = Effect.fnUntraced(function*(authorization: string | undefined) {
      const token = /^bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1]
      if (token === undefined) return yield* rejected("unauthorized", "a bearer token is needed")
      const hash = createHash("sha256").update(token).digest("hex")
      const users = yield* sql<User>`select id, email, role from users where token_sha256 = ${hash}`
      return users[0] ?? (yield* rejected("unauthorized", "the token is not known"))
    })

    /** Runs a handler for the user of a bearer token; an error event tells on whose behalf. */
    const asUser = <A, E, R>(authorization: string | undefined, handler: (user: User) => Effect.Effect<A, E, R>) =>
      Effect.flatMap(
        authenticate(authorization),
        (user) => ErrorTracking.withUser(handler(user), { id: user.id, role: user.role })
      )

    const freshPack = Effect.fnUntraced(function*(requireFresh: boolean) {
      const pack = yield* pricing.latestPack()
      if (pack === undefined) return yield* rejected("pricing_pack_not_found", "no pricing pack was ever built")
      if (pack.payload === null || (requireFresh && pack.status !== "fresh")) {
        return yield* rejected("pricing_pack_warming", `pricing pack ${pack.id} is ${pack.status}`)
      }
      return { ...pack, payload: pack.payload }
    })

    /** The portfolio, if it is the user's; a foreign one and one that does not exist are not told apart. */
    const owned = Effect.fnUntraced(function*(portfolioId: string, user: User) {
      const portfolio = yield* ledger.portfolio(portfolioId)
      return portfolio?.user_id === user.id
        ? portfolio
        : yield* rejected("forbidden", "the portfolio is not yours")
    })

    const context = Effect.fnUntraced(function*(user: User, portfolioId: string | undefined, requireFresh: boolean) {
      const pack = yield* freshPack(requireFresh)
      const span = yield* Effect.option(Effect.currentSpan)
      // The id that the answer's `x-request-id` has too.
      const request_id = yield* Effect.withFiber((fiber) =>
        Effect.succeed(Boundary.ofFiber(fiber)?.requestId ?? randomUUID())
      )
      const portfolio = portfolioId === undefined ? undefined : yield* owned(portfolioId, user)
      return {
        request_id,
        trace_id: Option.match(span, { onNone: () => request_id, onSome: (current) => current.traceId }),
        user_id: user.id,
        portfolio_id: portfolio?.id,
        base_currency: portfolio?.base_currency ?? "USD",
        pricing_pack_id: pack.id,
        ledger_commit_hash: yield* ledger.commitHash,
        asof_date: pack.payload.market_date,
        require_fresh: requireFresh
      } satisfies RequestContext
    })

    const execute = Effect.fnUntraced(function*(user: User, request: typeof ExecuteRequest.Type) {
      const begin = yield* Clock.currentTimeMillis
      const given = request.inputs ?? {}
      const portfolioId = given["portfolio_id"]
      const ctx = yield* context(
        user,
        typeof portfolioId === "string" ? portfolioId : undefined,
        request.require_fresh ?? true
      )
      const pattern = yield* orchestrator.find(request.pattern_id)
      const inputs = yield* Effect.fromResult(bindInputs(pattern, given))
      const record = (outcome: string) =>
        audit.log({ user_id: user.id, action: pattern.id, request_id: ctx.request_id, outcome })
      const result = yield* orchestrator.execute(pattern, inputs, ctx).pipe(
        Effect.onExit((exit) => record(exit._tag === "Success" ? "success" : "error")),
        asInternal(`pattern ${pattern.id}`),
        ErrorTracking.withTags({ pattern: pattern.id })
      )
      return {
        data: result.state,
        trace: { pattern_id: result.pattern_id, ...result.trace },
        degraded: result.degraded,
        meta: {
          request_id: ctx.request_id,
          trace_id: ctx.trace_id,
          pricing_pack_id: ctx.pricing_pack_id,
          asof_date: ctx.asof_date,
          ledger_commit_hash: ctx.ledger_commit_hash,
          duration_ms: (yield* Clock.currentTimeMillis) - begin
        }
      }
    })

    return { asUser, context, owned, execute }
  })
}) {
  static readonly layer = Layer.effect(Executor, Executor.make)
}
