/** `SECURITY.md` says what is so. */
import { Observability, ObservabilityConfig, Scrubber } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import * as Path from "node:path"
import { signals } from "../examples/receiver/ReceivedSpan.ts"
import * as Manifest from "../scripts/Manifest.ts"
import * as Documents from "./docs/Documents.ts"

const text = Documents.read("SECURITY.md")
const codes = Documents.codes(text)
const variable = /(?<![\w_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w_])/g
const named = new Set(codes.flatMap((code) => code.match(variable) ?? []))

interface Locked {
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const locked = Object.entries(
  (JSON.parse(Documents.read("package-lock.json")) as { readonly packages: Readonly<Record<string, Locked>> }).packages
)

describe("SECURITY.md", () => {
  it("names environment variables that there are", () => {
    const known = new Set(ObservabilityConfig.variables.map(({ name }) => name))
    expect([...named].filter((name) => !known.has(name))).toEqual([])
  })

  it("names every variable that says where something goes, that opens a port or that keeps one shut", () => {
    const deciding = ObservabilityConfig.variables.map(({ name }) => name).filter((name) =>
      /_(ENDPOINT|HOST|PORT|DSN|TOKEN|RATE|DISABLED)$|^ENABLE_/.test(name)
    )
    expect(deciding.length).toBeGreaterThan(8)
    expect(deciding.filter((name) => !named.has(name))).toEqual([])
  })

  it("tells of every sink that the receiver knows, with the way to switch it off", () => {
    const rows = Documents.rows(text).filter((row) => "switched off by" in row)
    const where = rows.map((row) => row["where"] ?? "").join("\n")
    const words = {
      otlp: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      jaegerHttp: "JAEGER_ENDPOINT",
      jaegerUdp: "JAEGER_AGENT_HOST",
      sentry: "Sentry, by `SENTRY_DSN`",
      sentryOtlp: "the OTLP endpoint of `SENTRY_DSN`"
    }
    for (const signal of signals) expect(where).toContain(words[signal])
    for (const out of ["/metrics", "standard output", "standard error"]) expect(where).toContain(out)
    expect(rows.filter((row) => (row["switched off by"] ?? "") === "")).toEqual([])
  })

  it("names functions, options and files that there are", () => {
    expect(Observability).toHaveProperty("reportFailure")
    const options: Required<Pick<Observability.Options, "captureUncaught" | "sendUserEmail">> = {
      captureUncaught: true,
      sendUserEmail: false
    }
    for (const option of Object.keys(options)) expect(codes).toContain(option)
    for (const path of codes.filter((code) => /^[\w./-]+\.(ts|json|md)$/.test(code))) {
      expect(existsSync(Path.join(Documents.root, path)), path).toBe(true)
    }
    for (const link of Documents.links(text)) expect(existsSync(Path.join(Documents.root, link)), link).toBe(true)
  })

  it("is right about the pseudonym: 8 digits, the same for the same id, no salt", () => {
    const { pseudonym } = Scrubber.make()
    expect(pseudonym("user-17")).toMatch(/^[0-9a-f]{8}$/)
    expect(Scrubber.make({ sensitiveKeys: ["fund"] }).pseudonym("user-17")).toBe(pseudonym("user-17"))
    // The number of values at which two of 2 ** 32 are alike with a probability of one half.
    expect(Math.round(Math.sqrt(2 * Math.LN2 * 2 ** 32) / 1000)).toBe(77)
    expect(text).toContain("77,000 ids")
  })

  it("is right about install scripts: none of the library, none of what comes with it", () => {
    expect(Manifest.problems(Manifest.read(Documents.root))).toEqual([])
    const scripts = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true)
    expect(scripts.filter(([, { dev }]) => dev !== true)).toEqual([])
    expect(scripts.map(([path]) => path.replace(/.*node_modules\//, "")).sort()).toEqual(["dprint", "node"])
  })

  it("comes with the package", () => {
    const { files } = Manifest.ofPackage(Manifest.read(Documents.root))
    expect(files).toContain("SECURITY.md")
    expect(Documents.read("scripts/build/main.ts")).toContain("\"SECURITY.md\"")
  })
})
