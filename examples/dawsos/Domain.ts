/** The values that travel between services, agents and patterns. */
import * as Schema from "effect/Schema"

/** Who asks, about which portfolio, on which prices. */
export interface RequestContext {
  readonly request_id: string
  readonly trace_id: string
  readonly user_id: string
  readonly portfolio_id: string | undefined
  readonly base_currency: string
  readonly pricing_pack_id: string
  readonly ledger_commit_hash: string
  readonly asof_date: string
  readonly require_fresh: boolean
}

export const Position = Schema.Struct({
  security_id: Schema.String,
  symbol: Schema.String,
  name: Schema.String,
  sector: Schema.String,
  currency: Schema.String,
  quantity: Schema.Finite,
  cost: Schema.Finite
})

export type Position = typeof Position.Type

/** A position at the prices of a pack, in the portfolio's base currency. */
export const ValuedPosition = Schema.Struct({
  ...Position.fields,
  price: Schema.Finite,
  fx_rate: Schema.Finite,
  value: Schema.Finite,
  weight: Schema.Finite
})

export type ValuedPosition = typeof ValuedPosition.Type

/** Where a value comes from; `stale` and `stub` mean that the answer is degraded. */
export type Provenance = "real" | "computed" | "cached" | "stale" | "stub"

/** Whether a value is old or made up because where it comes from did not answer. */
export const degraded = ({ provenance }: { readonly provenance: Provenance }): boolean =>
  provenance === "stale" || provenance === "stub"

export interface Portfolio {
  readonly id: string
  readonly user_id: string
  readonly name: string
  readonly base_currency: string
}

export type PackStatus = "warming" | "fresh" | "error" | "stale"
