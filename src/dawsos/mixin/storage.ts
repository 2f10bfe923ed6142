/** How Jaeger keeps traces: `jaeger/jaeger.yml`, and `jaeger/gateway.yml` for what stands before it. */
import { JaegerConfig } from "../../mixin/index.ts"
import type { Settings } from "./Settings.ts"

/** The Jaeger of the compose file. The memory is four fifths of what that allows, as its GOMEMLIMIT says. */
export const store = (settings: Settings): JaegerConfig.Store => ({
  folder: "/badger",
  timeToLive: settings.traceTimeToLive,
  memoryMiB: 800
})

/** The gateway of the compose file's profile of that name. */
export const gateway = (settings: Settings): JaegerConfig.Gateway => ({
  to: `http://jaeger:${JaegerConfig.ports.otlpHttp}`,
  decisionWait: "10 seconds",
  slow: settings.slowTrace,
  share: settings.traceShare,
  memoryMiB: 400
})
