import { assert, describe, it } from "@effect/vitest"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Figure from "../../bench/harness/Figure.ts"
import * as Process from "../../scripts/Process.ts"

type Judged = ReturnType<typeof Figure.judged>

/** What is written with `--json`, by question. */
type Written = Readonly<Record<string, { readonly figures?: ReadonlyArray<Judged>; readonly failed?: string }>>

/** Runs the bench with the least effort. */
const bench = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(Path.join(tmpdir(), "bench-main-"))
  const file = Path.join(folder, "measured.json")
  try {
    const program = ["--conditions=source", "bench/main.ts", ...args, "--json", file]
    const { code, output } = await Process.run(process.execPath, program, { env: { BENCH_ROUNDS: "1", ...env } })
    const written = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) as Written : undefined
    return { code, output, written }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const page = (): string => readFileSync(Path.join(Process.root, "docs/performance.md"), "utf8")

describe("npm run bench", { timeout: 300_000 }, () => {
  it("measures what it is asked, prints its table and writes figures with verdicts", async () => {
    const { code, output, written } = await bench(["disabled"])
    const figures = written?.["disabled"]?.figures ?? []
    assert.lengthOf(figures, 2, output)
    for (const figure of figures) {
      const { verdict, ...plain } = figure
      assert.strictEqual(verdict, Figure.verdict(plain))
      assert.isUndefined(figure.void)
      assert.isTrue(Number.isFinite(figure.value.median))
      assert.isTrue(output.split("\n").some((line) => line.includes(figure.question) && line.endsWith(verdict)), output)
    }
    assert.strictEqual(code, figures.every(({ verdict }) => verdict === "reached") ? 0 : 1)
  })

  it("keeps the answers beside a question that fails, says which did, and fails", async () => {
    const { code, output, written } = await bench(["request", "metrics"], { BENCH_REQUEST_SECONDS: "0" })
    assert.strictEqual(code, 1)
    assert.include(written?.["request"]?.failed ?? "", "BENCH_REQUEST_SECONDS=0 is not a number above 0")
    assert.lengthOf(written?.["metrics"]?.figures ?? [], 2, output)
    assert.include(output, "no answer: request")
  })

  it("writes no page of what was measured with less effort", async () => {
    const before = page()
    const { code, output, written } = await bench(["disabled", "--docs"])
    assert.strictEqual(code, 2)
    assert.include(output, "BENCH_ROUNDS is set")
    assert.isUndefined(written)
    assert.strictEqual(page(), before)
  })
})
