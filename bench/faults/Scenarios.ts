// What goes wrong, when, and for how long; seconds since the load began.
import * as Reply from "../../examples/receiver/Reply.ts"

export interface Scenario {
  readonly name: string
  /** What happens, for the reader of the table. */
  readonly text: string
  readonly load: { readonly rate: number; readonly seconds: number }
  /** Seconds between the end of the load and the shutdown. */
  readonly rest: number
  readonly steps: ReadonlyArray<
    { readonly at: number; readonly reply: Reply.Reply | Reply.Responder | "down" | "up" }
  >
}

const usual = { rate: 500, seconds: 10 }

const during = (from: number, to: number, reply: Reply.Reply | Reply.Responder): Scenario["steps"] => [
  { at: from, reply },
  { at: to, reply: Reply.ok }
]

export const scenarios: ReadonlyArray<Scenario> = [
  { name: "none", text: "all is well", load: usual, rest: 2, steps: [] },
  {
    name: "400 once",
    text: "one request is answered 400, all others are taken",
    load: usual,
    rest: 2,
    steps: [{ at: 0, reply: Reply.sequence([Reply.status(400)]) }]
  },
  {
    name: "hangs 5 s",
    text: "from second 2 to 7 the collector accepts and never answers",
    load: usual,
    rest: 12,
    steps: during(2, 7, Reply.hang())
  },
  {
    name: "503 for 4 s",
    text: "from second 2 to 6 every answer is 503",
    load: usual,
    rest: 8,
    steps: during(2, 6, Reply.status(503))
  },
  {
    name: "429 for 3 s",
    text: "from second 2 to 5 every answer is 429 with Retry-After: 2",
    load: usual,
    rest: 8,
    steps: during(2, 5, Reply.status(429, { "retry-after": "2" }))
  },
  {
    name: "partial success",
    text: "from second 2 to 6 the last 50 spans of each request are rejected",
    load: usual,
    rest: 2,
    steps: during(2, 6, Reply.partialSuccess(50))
  },
  {
    name: "killed, restarted",
    text: "at second 2 the collector is killed, at second 6 it is back",
    load: usual,
    rest: 8,
    steps: [{ at: 2, reply: "down" }, { at: 6, reply: "up" }]
  },
  {
    name: "overflow",
    text: "2,000 spans a second, while the collector hangs from second 1 to the end",
    load: { rate: 2000, seconds: 10 },
    rest: 0,
    steps: [{ at: 1, reply: Reply.hang() }]
  },
  {
    name: "shutdown in flight",
    text: "each answer takes 2 s, and the program ends right after its last span",
    load: { rate: 500, seconds: 5 },
    rest: 0,
    steps: [{ at: 0, reply: Reply.delay("2 seconds") }]
  }
]
