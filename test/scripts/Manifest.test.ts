import * as Path from "node:path"
import { describe, expect, it } from "vitest"
import * as Manifest from "../../scripts/Manifest.ts"

const manifest = Manifest.read(Path.resolve(import.meta.dirname, "../.."))

describe("Manifest", () => {
  it("publishes every entry point from inside dist, types first, without the condition source", () => {
    const { exports } = Manifest.ofPackage(manifest) as { exports: Record<string, Record<string, string>> }
    for (const entry of Object.keys(manifest.exports)) {
      expect(Object.keys(exports[entry] ?? {})).toEqual(["types", "default"])
      for (const path of Object.values(exports[entry] ?? {})) expect(path).toMatch(/^\.\/(?!dist)[\w/]+\.(d\.ts|js)$/)
    }
  })

  it("publishes nothing that only the repository needs", () => {
    const published = Manifest.ofPackage(manifest)
    for (const key of ["scripts", "devDependencies", "allowScripts"]) expect(published).not.toHaveProperty(key)
    expect(published).toMatchObject({ peerDependencies: manifest.peerDependencies, engines: manifest.engines })
  })

  it("lets no install script run but the one of the node package", () => {
    expect(manifest.allowScripts).toEqual({ node: true })
    expect(Manifest.problems({ ...manifest, scripts: { postinstall: "true" } })).toEqual([
      "scripts: postinstall would run on a user's machine"
    ])
  })

  it("finds a range where an exact version belongs, and a peer that no test runs on", () => {
    const { effect: _effect, ...devDependencies } = manifest.devDependencies
    const loose = { ...manifest, dependencies: { "prom-client": "^15.1.3" }, devDependencies }
    expect(Manifest.problems(loose)).toEqual([
      "dependencies: prom-client is ^15.1.3, not an exact version",
      "effect is a peer without the devDependency that the tests run on"
    ])
  })
})
