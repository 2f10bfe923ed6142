// Loaded before the reference program: gives its API the probes, and with LEAKS_SCRUBBER=off takes its scrubber away.
import { registerHooks } from "node:module"

const at = (path: string): string => new URL(path, import.meta.url).href

const routes = at("../../../examples/dawsos/api/Routes.ts")
const probedRoutes = at("ProbedRoutes.ts")
const scrubber = at("../../../src/Scrubber.ts")

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    // What replaces the routes builds on them.
    return resolved.url === routes && context.parentURL !== probedRoutes ? { ...resolved, url: probedRoutes } : resolved
  },
  load: (url, context, next) =>
    url !== scrubber || process.env["LEAKS_SCRUBBER"] !== "off" ? next(url, context) : {
      format: "module",
      shortCircuit: true,
      source: `export * from ${JSON.stringify(`${scrubber}?real`)}\n` +
        `export { CurrentScrubber, make } from ${JSON.stringify(at("NoScrubber.ts"))}\n`
    }
})
