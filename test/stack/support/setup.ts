// For vitest: the output of the programs is shown with a test that failed.
import { afterEach } from "vitest"
import * as Program from "./Program.ts"

afterEach(({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`\n${task.name}\n${Program.report()}\n`)
  else Program.forget()
})
