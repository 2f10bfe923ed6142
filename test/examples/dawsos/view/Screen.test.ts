import { assert, describe, it } from "@effect/vitest"
import { Screen } from "../../../../examples/dawsos/view/Screen.ts"

const screen = (terminal: boolean, env: Readonly<Record<string, string>> = { NO_COLOR: "1" }) => {
  const written: Array<string> = []
  const out = { isTTY: terminal, columns: 12, rows: 20, write: (text: string) => written.push(text) }
  return { written, screen: new Screen(out as unknown as NodeJS.WriteStream, env) }
}

describe("Screen", () => {
  it("replaces its block on a terminal, cut to the window, and keeps lines above it", () => {
    const { screen: on, written } = screen(true)
    on.show([{ text: "one" }, { text: "a line that is too long" }])
    on.print("log line")
    on.show([{ text: "two" }])
    on.release()
    on.print("end")
    assert.deepStrictEqual(written, [
      "one\na line that…\n",
      "\r\u001b[2A\u001b[Jlog line\none\na line that…\n",
      "\r\u001b[2A\u001b[Jtwo\n",
      "end\n"
    ])
  })

  it("shows no more lines than the window has", () => {
    const { screen: on, written } = screen(true)
    on.show(Array.from({ length: 40 }, (_, index) => ({ text: `${index}` })))
    assert.lengthOf(written[0]?.trimEnd().split("\n") ?? [], 19)
  })

  it("writes plain blocks one after the other where there is no terminal, and leaves the console alone", () => {
    const { screen: off, written } = screen(false, {})
    off.show([{ text: "a line that is too long", style: "bold" }])
    off.show([{ text: "two" }])
    assert.deepStrictEqual(written, ["\na line that is too long\n", "\ntwo\n"])
    assert.strictEqual(off.console(globalThis.console), globalThis.console)
  })

  it("puts what the program logs above the block, and colors only where colors are wanted", () => {
    const { screen: on, written } = screen(true, {})
    on.show([{ text: "block", style: "red" }])
    on.console(globalThis.console).error("careful")
    assert.deepStrictEqual(written, [
      "\u001b[31mblock\u001b[0m\n",
      "\r\u001b[1A\u001b[Jcareful\n\u001b[31mblock\u001b[0m\n"
    ])
  })
})
