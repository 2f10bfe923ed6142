import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Tools from "../../../scripts/stack/Tools.ts"

describe("the programs of the stack", () => {
  it("are looked for in a folder of the cache that changes with what they are built from", () => {
    const folders = Tools.modules.map((module) => Tools.binFolder(module, { XDG_CACHE_HOME: "/cache" }))
    for (const folder of folders) {
      expect(folder).toMatch(/^\/cache\/dawsos-observability\/tools\/[a-z]+-[0-9a-f]{16}\/bin$/)
    }
    const [first] = Tools.modules
    expect(Tools.binFolder({ ...first!, versionVariable: "another" }, { XDG_CACHE_HOME: "/cache" })).not.toBe(
      folders[0]
    )
    expect(Tools.cacheFolder({ XDG_CACHE_HOME: "" })).toMatch(/\/\.cache\/dawsos-observability\/tools$/)
  })

  it("are pinned in their modules by the version that they say", () => {
    const pinned = Tools.modules.map((module) => {
      const text = readFileSync(Path.join(Tools.moduleFolder(module), "go.mod"), "utf8")
      for (const program of module.programs) expect(text).toContain(program.package)
      return [
        module.name,
        module.programs.map((program) =>
          /\sv[\d.]+/.exec(text.slice(text.indexOf(`${moduleOf(program.package)} v`)))?.[0].trim()
        )
      ]
    })
    expect(Object.fromEntries(pinned)).toEqual({
      prometheus: ["v0.313.5", "v0.313.5"],
      alertmanager: ["v0.31.1", "v0.31.1"],
      jaeger: ["v1.76.0"],
      compose: ["v5.5.0"],
      toxiproxy: ["v2.5.0"]
    })
  })

  it("on the PATH count in the pinned version alone", () => {
    expect(Tools.saysVersion("prometheus, version 3.13.5 (branch: HEAD)", "3.13.5")).toBe(true)
    expect(Tools.saysVersion("{\"gitVersion\":\"v2.13.0\"}", "2.13.0")).toBe(true)
    expect(Tools.saysVersion("prometheus, version 3.13.51", "3.13.5")).toBe(false)
    expect(Tools.saysVersion("prometheus, version 13.13.5-rc.1", "13.13.5")).toBe(false)
  })

  it("need a Go that is new enough, and the message says which one is there", () => {
    const problem = (output: string | undefined) => {
      const outcome = Tools.goVersion(output, [1, 26, 3])
      return "problem" in outcome ? outcome.problem : outcome.version
    }
    expect(problem("go version go1.26.3 linux/amd64")).toBe("1.26.3")
    expect(problem("go version go1.27 linux/amd64")).toBe("1.27.0")
    expect(problem("go version go1.26.2 linux/amd64")).toContain("the one on the PATH is 1.26.2")
    expect(problem("go version go1.19.8 linux/amd64")).toContain("Go 1.26.3 or newer is needed")
    expect(problem(undefined)).toContain("there is no `go` on the PATH")
    expect(problem("nonsense")).toContain("`go version` says nonsense")
  })
})

/** The module of a package: what `require` names. */
const moduleOf = (name: string): string => name.replace(/\/cmd(\/[a-z]+)?$/, "")
