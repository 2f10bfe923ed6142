import { describe, expect, it } from "vitest"
import * as LockFile from "../../scripts/LockFile.ts"

const integrity = "sha512-x"

describe("LockFile", () => {
  it("accepts a lock file that has the binaries of every platform at the version asked for", () => {
    const packages = {
      "": {},
      "node_modules/tool": { version: "1.0.0", integrity, optionalDependencies: { "@tool/darwin": "1.0.0" } },
      "node_modules/@tool/darwin": { version: "1.0.0", integrity }
    }
    expect(LockFile.problems({ packages })).toEqual([])
  })

  it("finds a binary of another platform that is missing or of another version", () => {
    const tool = {
      version: "1.0.0",
      integrity,
      optionalDependencies: { "@tool/darwin": "1.0.0", "@tool/musl": "1.0.0" }
    }
    const packages = { "node_modules/tool": tool, "node_modules/@tool/darwin": { version: "0.9.0", integrity } }
    expect(LockFile.problems({ packages })).toEqual([
      "node_modules/tool needs @tool/darwin@1.0.0 on another platform, and finds 0.9.0",
      expect.stringContaining(
        "node_modules/tool needs @tool/musl@1.0.0 on another platform, and the lock file lacks it"
      )
    ])
  })

  it("takes the nearest package of that name, as Node does", () => {
    const packages = {
      "node_modules/a/node_modules/tool": { version: "2.0.0", integrity, optionalDependencies: { bin: "2.0.0" } },
      "node_modules/a/node_modules/bin": { version: "2.0.0", integrity },
      "node_modules/bin": { version: "1.0.0", integrity }
    }
    expect(LockFile.problems({ packages })).toEqual([])
  })

  it("finds an entry that names its registry and one without integrity", () => {
    const packages = {
      "node_modules/a": { version: "1.0.0", integrity, resolved: "https://registry.example/a.tgz" },
      "node_modules/b": { version: "1.0.0" }
    }
    expect(LockFile.problems({ packages })).toEqual([
      expect.stringContaining("node_modules/a names the registry"),
      "node_modules/b has no integrity"
    ])
  })
})
