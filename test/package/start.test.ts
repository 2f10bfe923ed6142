import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { expect, it } from "vitest"
import * as Manifest from "../../scripts/Manifest.ts"

const root = Path.resolve(import.meta.dirname, "../..")

/** What `npm start` runs, in a folder of one's own. */
const start = (folder: string, env: NodeJS.ProcessEnv) => {
  const [, ...words] = Manifest.read(root).scripts.start?.split(" ") ?? []
  const args = words.map((word) => word.endsWith(".ts") ? Path.join(root, word) : word)
  return new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) =>
    execFile(
      process.execPath,
      args,
      { cwd: folder, env },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr })
    )
  )
}

it(
  "npm start reads .env where there is one, the environment beats it, and all bad values end it in one block",
  async () => {
    const folder = await mkdtemp(Path.join(Os.tmpdir(), "start-"))
    const withFile = Path.join(folder, "with")
    const without = Path.join(folder, "without")
    try {
      await Promise.all([mkdir(withFile), mkdir(without)])
      await writeFile(Path.join(withFile, ".env"), "METRICS_PORT=0x1\nENABLE_OBSERVABILITY=maybe\nPORT=80000\n")
      const [alone, { code, stderr, stdout }] = await Promise.all([
        start(without, { METRICS_PORT: "abc" }),
        start(withFile, { METRICS_PORT: "70000" })
      ])
      expect(alone).toMatchObject({ code: 1, stdout: "" })
      expect(alone.stderr).toMatch(
        /^The configuration has a problem:\n {2}- METRICS_PORT="abc" is not allowed: .+ Allowed: .+\n$/
      )
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
      const [heading, ...lines] = stderr.trimEnd().split("\n")
      expect(heading).toBe("The configuration has 3 problems:")
      expect(lines.map((line) => line.split(" is not")[0])).toEqual([
        "  - ENABLE_OBSERVABILITY=\"maybe\"",
        "  - METRICS_PORT=\"70000\"",
        "  - PORT=\"80000\""
      ])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  60_000
)
