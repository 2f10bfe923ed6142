import { describe, it } from "@effect/vitest"
import * as Requests from "./support/Requests.ts"

describe("requests at the same time leave nothing on one another", () => {
  it.live("fifty of them, to an HttpApi and to plain routes", () => Requests.apart(50, 1), 120_000)

  it.live("sixty on twenty connections that are kept", () => Requests.apart(60, 2, 20), 120_000)

  it.live("fifty whose clients give up", () => Requests.abortedApart(50, 3), 120_000)
})
