// Prints "passed failed skipped" of a vitest JSON report: vitestCounts.ts REPORT EXIT_CODE
import { readFileSync } from "node:fs"
import * as VitestReport from "../VitestReport.ts"

const [path, code] = process.argv.slice(2)
if (path === undefined || code === undefined) throw new Error("usage: vitestCounts.ts REPORT EXIT_CODE")

let passed = 0
let failed = 0
let skipped = 0
for (const file of VitestReport.parse(readFileSync(path, "utf8")).values()) {
  passed += file.passed
  failed += file.failed + (file.broken ? 1 : 0)
  skipped += file.skipped
}
// An error outside every test fails the run and no test; a run without tests shows nothing.
if (failed === 0 && (code !== "0" || passed === 0)) failed = 1
console.log(`${passed} ${failed} ${skipped}`)
