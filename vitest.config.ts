import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

// The package's own name resolves to `src` through the export condition "source", as in Node and tsc. Node does not
// know the condition "module": OpenTelemetry's packages have files under it that Node can't load.
const asNode = (conditions: ReadonlyArray<string>): Array<string> => [
  "source",
  ...conditions.filter((condition) => condition !== "module")
]

export default defineConfig({
  resolve: { conditions: asNode(defaultClientConditions) },
  ssr: { resolve: { conditions: asNode(defaultServerConditions) } },
  // A deadline for a hang, not a measurement: two noisy cores must pass.
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/stack/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 3
  }
})
