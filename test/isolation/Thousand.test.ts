import { describe, it } from "@effect/vitest"
import * as Jobs from "./support/Jobs.ts"
import * as Requests from "./support/Requests.ts"

describe("a thousand at the same time, each with its own user, tags, breadcrumbs and trace, leave nothing on one another", () => {
  it.live("as jobs, in a shuffled schedule", () => Jobs.apart(1000, 3), 600_000)

  it.live(
    "as requests to an HttpApi and to plain routes, in a shuffled schedule",
    () => Requests.apart(1000, 4),
    600_000
  )
})
