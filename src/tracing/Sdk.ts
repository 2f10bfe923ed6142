/**
 * OpenTelemetry's SDK, for those who ask for spans of it: third-party instrumentation, and programs that chose its
 * tracer. Our own spans need nothing of it, and a program pays for loading it at its start.
 *
 * Whoever starts a span can't wait for an `import()`, so it is loaded at once by what loads CommonJS.
 */
import type * as Resources from "@opentelemetry/resources"
import type * as Tracing from "@opentelemetry/sdk-trace-node"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/** Its tracer provider and samplers. */
export const tracing = (): typeof Tracing => require("@opentelemetry/sdk-trace-node") as typeof Tracing

/** Its resources. */
export const resources = (): typeof Resources => require("@opentelemetry/resources") as typeof Resources
