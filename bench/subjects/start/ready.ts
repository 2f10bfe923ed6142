// Tells how long a program took until its server listened, then uses it once: what was put off until then is told too.
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"

const asked = async (url: string): Promise<string> => {
  const response = await fetch(url)
  const text = await response.text()
  return response.status === 200 ? text : `${url} answered ${response.status}`
}

/** What a program does after its first request. */
export interface Use {
  /** Exports the spans. */
  readonly flush: () => Promise<unknown>
  readonly metricsUrl: string
  /** What a scrape has to show. */
  readonly metric: string
}

const used = async (url: string, use: Use | undefined): Promise<string | undefined> => {
  const answer = await asked(url)
  if (answer !== "hello") return `the host answered ${answer}`
  if (use === undefined) return undefined
  const page = await asked(use.metricsUrl)
  if (!page.includes(use.metric)) return `a scrape shows no ${use.metric}`
  await use.flush()
  return undefined
}

const milliseconds = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** Stands on top of everything else that a program has. */
export const layer = <E, R>(
  use: Effect.Effect<Use | undefined, E, R>
): Layer.Layer<never, E, HttpServer.HttpServer | R> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { address } = yield* HttpServer.HttpServer
    const afterwards = yield* use
    const [ready, cpu] = [performance.now(), milliseconds()]
    const url = `http://127.0.0.1:${"port" in address ? address.port : 0}/hello`
    const problem = yield* Effect.promise(() => used(url, afterwards))
    const told = { numbers: { ready, cpu, used: performance.now() }, void: problem }
    yield* Effect.sync(() => process.stdout.write(`told ${JSON.stringify(told)}\n`, () => process.exit(0)))
  }))
