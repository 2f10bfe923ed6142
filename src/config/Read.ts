import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ObservabilityConfig, ServiceDefaults } from "../ObservabilityConfig.ts"
import * as Problem from "./Problem.ts"
import { resolve } from "./Resolve.ts"
import * as Unsupported from "./Unsupported.ts"
import { Variables } from "./Variables.ts"

/** Every variable whose text is asked for. */
export const names: ReadonlyArray<string> = [...Object.keys(Variables), ...Unsupported.names]

/** The configuration that the variables' texts make, or one error for all that is wrong with them. */
export const fromTexts = (
  texts: Readonly<Record<string, Option.Option<string>>>,
  product: ServiceDefaults | undefined
): Effect.Effect<ObservabilityConfig, Config.ConfigError> =>
  Effect.mapError(Effect.fromResult(resolve(texts, product)), Problem.toConfigError)

/**
 * What `ObservabilityConfig.configOf` gives where nothing is nested, asked of the provider itself. Effect's `Config` reads
 * a text by a schema, which a program that starts would wait for: 2 ms, most of it to compile what forty variables pass.
 */
export const read = Effect.fnUntraced(function*(
  product: ServiceDefaults | undefined
): Effect.fn.Return<ObservabilityConfig, Config.ConfigError> {
  const provider = yield* ConfigProvider.ConfigProvider
  const texts: Record<string, Option.Option<string>> = {}
  for (const name of names) {
    const node = yield* Effect.mapError(provider.load([name]), (error) => new Config.ConfigError(error))
    texts[name] = Option.fromUndefinedOr(node?.value)
  }
  return yield* fromTexts(texts, product)
})
