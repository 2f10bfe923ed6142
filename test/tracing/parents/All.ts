/**
 * Programs in which third-party spans begin, and below which span each of them belongs.
 *
 * Each program runs inside a span of the name `span`; both ways of finding parents are held by the same list.
 */
import * as LeftToLater from "./LeftToLater.ts"
import * as OneFiber from "./OneFiber.ts"
import type { Scenario } from "./Scenario.ts"
import * as SeveralFibers from "./SeveralFibers.ts"
import * as ThirdParties from "./ThirdParties.ts"

/** All of them, by what they are about. */
export const scenarios: Readonly<Record<string, ReadonlyArray<Scenario>>> = {
  "inside a span": OneFiber.scenarios,
  "that synchronous code leaves to later": LeftToLater.scenarios,
  "in several fibers": SeveralFibers.scenarios,
  "beside those of third parties": ThirdParties.scenarios
}
