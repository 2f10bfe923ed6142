import { mergeConfig } from "vitest/config"
import base from "../../vitest.config.ts"

// Real programs: one file at a time, since two cores hold one stack; deadlines for a hang, not measurements.
export default mergeConfig({ ...base, test: { ...base.test, include: [], exclude: [] } }, {
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/stack/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    setupFiles: ["test/stack/support/setup.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
})
