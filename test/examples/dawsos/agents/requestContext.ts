import type { RequestContext } from "../../../../examples/dawsos/Domain.ts"

/** What an agent is told of the request, of no portfolio. */
export const requestContext: RequestContext = {
  request_id: "r",
  trace_id: "t",
  user_id: "u",
  portfolio_id: undefined,
  base_currency: "USD",
  pricing_pack_id: "PP_2010-03-01",
  ledger_commit_hash: "h",
  asof_date: "2010-03-01",
  require_fresh: true
}
