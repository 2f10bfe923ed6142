/** The values that travel between services, agents and patterns. */

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

export interface Position {
  readonly security_id: string
  readonly symbol: string
  readonly name: string
  readonly sector: string
  readonly currency: string
  readonly quantity: number
  readonly cost: number
}

/** A position at the prices of a pack, in the portfolio's base currency. */
export interface ValuedPosition extends Position {
  readonly price: number
  readonly fx_rate: number
  readonly value: number
  readonly weight: number
}

/** Where a value comes from; `stale` and `stub` mean that the answer is degraded. */
export type Provenance = "real" | "computed" | "cached" | "stale" | "stub"

export interface Portfolio {
  readonly id: string
  readonly user_id: string
  readonly name: string
  readonly base_currency: string
}

export type PackStatus = "warming" | "fresh" | "error" | "stale"
