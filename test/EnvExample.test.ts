import { ObservabilityConfig } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { envExample } from "../scripts/generate/EnvExample.ts"

const { service } = DawsOs.vocabulary
const parse = (dotEnv: string) => ObservabilityConfig.configOf(service).parse(ConfigProvider.fromDotEnvContents(dotEnv))
// It is the reference program's: what the layer has no default for is what DawsOS says of itself.
const ofProduct: Readonly<Record<string, string | undefined>> = {
  SERVICE_NAME: service?.name,
  SERVICE_VERSION: service?.version
}
const assignments = envExample().split("\n").filter((line) => /^#?[A-Z_]+=/.test(line))

describe(".env.example", () => {
  it("is what the variables generate", () => {
    const file = readFileSync(new URL("../.env.example", import.meta.url), "utf8")
    assert.strictEqual(file, envExample(), "run `npm run generate`")
  })

  it("sets ENABLE_OBSERVABILITY=true and comments every other line out", () => {
    const inForce = envExample().split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    assert.deepStrictEqual(inForce, ["ENABLE_OBSERVABILITY=true"])
  })

  it("names every variable once, with its default, its meaning and what is allowed above it", () => {
    assert.deepStrictEqual(
      assignments.map((line) => line.replace("#", "")),
      ObservabilityConfig.variables.map(({ default: value, name }) =>
        name === "ENABLE_OBSERVABILITY" ? `${name}=true` : `${name}=${value ?? ofProduct[name] ?? ""}`
      )
    )
    const prose = envExample().replaceAll("\n# ", " ")
    for (const variable of ObservabilityConfig.variables) {
      assert.include(prose, `${variable.meaning} Allowed: ${variable.allowed}.`)
    }
  })

  it.effect("says what holds anyway: with every line in force the configuration is the default one", () =>
    Effect.gen(function*() {
      const inForce = yield* parse(assignments.map((line) => line.replace("#", "")).join("\n"))
      const untouched = yield* parse(envExample())
      assert.deepStrictEqual(inForce, untouched)
      assert.deepStrictEqual(untouched, { ...(yield* parse("")), enabled: true })
      assert.deepStrictEqual(untouched.warnings, [])
    }))
})
