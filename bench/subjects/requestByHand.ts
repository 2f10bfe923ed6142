// The reference program's observability wired by hand: from here on its imports of this package are those of modules
// that do the same with the libraries that a user would pick.
import { registerHooks } from "node:module"
import * as ByHand from "../peers/ByHand.ts"
import { statements } from "./requestByHandDawsOs.ts"

const standIns: Readonly<Record<string, string>> = {
  "@dawsos/observability": new URL("requestByHandCore.ts", import.meta.url).href,
  "@dawsos/observability/dawsos": new URL("requestByHandDawsOs.ts", import.meta.url).href
}

registerHooks({
  resolve: (specifier, context, next) => {
    const standIn = context.parentURL?.includes("/examples/dawsos/") === true ? standIns[specifier] : undefined
    return next(standIn ?? specifier, context)
  }
})

const { env } = process
const { ended, layer, metricsUrl } = await ByHand.start({
  tracesUrl: env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? "",
  sentryDsn: env["SENTRY_DSN"] ?? "",
  statements
})

export { ended, layer }
export const metricsAddress = (): string => metricsUrl
