// Builds the layer of DawsOS in a process of its own, as the environment has it, and tells what that loaded.
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { registerHooks } from "node:module"

const urls: Array<string> = []
registerHooks({
  load: (url, context, next) => {
    urls.push(url)
    return next(url, context)
  }
})

const quiet = DawsOs.layer.pipe(Layer.provideMerge(Logger.layer([])))
await Effect.runPromise(Effect.scoped(Layer.build(quiet)))
process.stdout.write(`told ${JSON.stringify({ urls })}\n`, () => process.exit(0))
