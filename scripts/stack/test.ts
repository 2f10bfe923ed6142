// npm run test:stack [-- FILTER…]: the tests against real programs, or what is missing of those.
import { spawn } from "node:child_process"
import * as Process from "../Process.ts"
import * as Tools from "./Tools.ts"

const missing = Tools.missing()
if (missing.length > 0) {
  console.error("The stack tests run real programs, and these are missing:")
  for (const { message } of missing) console.error(`  - ${message}`)
  console.error(`Everything that can be built or installed here is by: ${Tools.installCommand}`)
  process.exit(1)
}

// Its output is shown as it comes: these tests take minutes.
const args = ["run", "--config", "test/stack/vitest.config.ts", ...process.argv.slice(2)]
const child = spawn(Process.bin("vitest"), args, { cwd: Process.root, stdio: "inherit" })
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
child.once("close", (code, signal) => {
  if (signal !== null) console.error(`vitest: ended by ${signal}`)
  process.exitCode = code ?? 1
})
