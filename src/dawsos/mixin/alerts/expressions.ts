/** Conditions that several alerts have in common. */
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"

/** Outcomes that are failures: not `interrupted` (the client left) nor `degraded` (an older answer was given). */
export const failed = PromQL.oneOf("error", "defect")

/** A share that is worth an alert. */
export interface Share<L extends string> {
  readonly part: PromQL.Expression<L>
  readonly whole: PromQL.Expression<L>
  /** The share that is too much. */
  readonly above: number
  /** The least part; below it a share says nothing. Above 0, so that there is always a whole to divide by. */
  readonly atLeast: number
}

/** Where a part of a whole is too much, by its share and by its number. Its value is the share. */
export const tooMany = <L extends string>({ above, atLeast, part, whole }: Share<L>): PromQL.Expression<L> =>
  PromQL.and(PromQL.greaterThan(PromQL.divide(part, whole), above), PromQL.atLeast(part, atLeast))

/**
 * API requests a second by job, without those that were turned away because a pricing pack is being built: their 503
 * is the right answer for some minutes of each night. Every other status counts, at any time.
 *
 * A build that ended within the range still excuses the 503 that are in the range.
 */
export const countedRequests = (
  range: PromQL.RangeInput,
  which: { readonly failed?: boolean | undefined } = {}
): PromQL.Expression<"job"> => {
  const by = ["job", "status_code"] as const
  const rate = (where: { readonly status_code?: string | PromQL.Match }) =>
    PromQL.sum(PromQL.rate(PromQL.counter(metrics.apiRequestsTotal, where), range), { by })
  const warming = PromQL.max(
    PromQL.overTime("max", PromQL.gauge(metrics.pricingPackStatus, { status: "warming" }), range),
    { by: ["job"] }
  )
  return PromQL.sum(
    PromQL.unless(
      rate(which.failed === true ? { status_code: PromQL.matches("5..") } : {}),
      PromQL.and(rate({ status_code: "503" }), PromQL.equals(warming, 1), { on: ["job"] })
    ),
    { by: ["job"] }
  )
}
