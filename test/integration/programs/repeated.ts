// Builds the whole layer again and again, uses every signal, and tells as JSON what is left in the process.
import * as Effect from "effect/Effect"
import * as Harness from "../Harness.ts"

const state = () => ({
  resources: process.getActiveResourcesInfo().toSorted(),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`).toSorted()
})

const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
)

const use = Effect.scoped(Effect.gen(function*() {
  const app = yield* Harness.start(env, { captureUncaught: true })
  yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`, { connection: "close" })
  yield* app.scrape()
}))

/** Waits until what was closed is gone: Node lets go of handles in later turns of its loop. */
const settled = (expected: string) =>
  Effect.promise(async () => {
    for (let turn = 0; turn < 1000 && JSON.stringify(state()) !== expected; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

const times = Number(process.argv[2])
const report = Effect.gen(function*() {
  const untouched = state()
  yield* use
  yield* settled(JSON.stringify(untouched))
  const before = state()
  for (let n = 1; n < times; n++) yield* use
  yield* settled(JSON.stringify(before))
  return { untouched, before, after: state() }
})

process.stdout.write(`report: ${JSON.stringify(await Effect.runPromise(report))}\n`)
