import { describe, it } from "@effect/vitest"
import * as Requests from "./support/Requests.ts"

describe("fifty requests at the same time, to an HttpApi and to plain routes", () => {
  it.live("leave nothing on one another", () => Requests.apart(50, 1), 120_000)
})
