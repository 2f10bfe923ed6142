import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import * as Manifest from "../../scripts/Manifest.ts"

const root = Path.resolve(import.meta.dirname, "../..")

it("npm start reads .env where there is one, and the process environment beats it", async () => {
  const flags = Manifest.read(root).scripts.start?.split(" ").filter((word) => word.startsWith("--")) ?? []
  const print = ["--eval", "console.log(process.env.METRICS_PORT, process.env.SERVICE_NAME)"]
  const folder = await mkdtemp(Path.join(Os.tmpdir(), "start-"))
  const start = (env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, [...flags, ...print], { cwd: folder, env })
  try {
    expect((await start({})).stdout).toBe("undefined undefined\n")
    await writeFile(Path.join(folder, ".env"), "METRICS_PORT=9001\nSERVICE_NAME=from-file\n")
    expect((await start({ SERVICE_NAME: "from-environment" })).stdout).toBe("9001 from-environment\n")
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
