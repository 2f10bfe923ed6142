// The breakages that the tests must notice. Each is one line of the core of the layer.
import type { Mutation } from "./Mutation.ts"

export const mutations: ReadonlyArray<Mutation> = [
  {
    breaks: "a switch is read in any case",
    file: "src/config/Parser.ts",
    search: `const lower = text.toLowerCase()`,
    replace: `const lower = text`,
    tests: ["test/ObservabilityConfig.test.ts"]
  },
  {
    breaks: "a number in another notation than decimal digits is refused",
    file: "src/config/Parser.ts",
    search: `if (!/^\\d+$/.test(text)) return`,
    replace: `if (Number.isNaN(Number(text))) return`,
    tests: ["test/ObservabilityConfig.test.ts"]
  }
]
