// Runs a program on the test layer in a process of its own and tells what that loaded and left open.
import { registerHooks } from "node:module"

const urls: Array<string> = []
registerHooks({
  load: (url, context, next) => {
    urls.push(url)
    return next(url, context)
  }
})

const open = (): ReadonlyArray<string> =>
  [
    ...process.getActiveResourcesInfo(),
    ...process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`)
  ].toSorted()

// Node's own: its import asks whether the standard error is a terminal, which opens the pipe to it.
await import("node:util")
const DawsOs = await import("@dawsos/observability/dawsos")
const { TestTracing } = await import("@dawsos/observability/testing")
const Effect = await import("effect/Effect")

const before = open()
const program = Effect.gen(function*() {
  yield* Effect.exit(
    Effect.fail("no quote").pipe(
      DawsOs.withCapabilityMetrics({ agent: "data_harvester", capability: "provider.fetch_quote" })
    )
  )
  const [span] = yield* TestTracing.spans
  return { value: [span?.name, span?.status], after: open() }
})
const { after, value } = await Effect.runPromise(Effect.provide(program, DawsOs.layerTest))

const packages = [...new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))]
process.stdout.write(JSON.stringify({ value, before, after, packages }))
