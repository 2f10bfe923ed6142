// Time is what the test says: nothing here depends on how fast the machine is.
import { describe, expect, it } from "@effect/vitest"
import { afterEach, vi } from "vitest"
import { Turns } from "../../src/metrics/Turns.ts"

afterEach(() => vi.restoreAllMocks())

/** A clock that stands still but for work and for waiting. */
const standing = () => {
  let now = 0
  let waited = 0
  vi.spyOn(performance, "now").mockImplementation(() => now)
  const setTimeout = globalThis.setTimeout
  vi.spyOn(globalThis, "setTimeout").mockImplementation(
    ((resume: () => void, millis: number = 0) => {
      now += millis
      waited += millis
      return setTimeout(resume, 0)
    }) as typeof globalThis.setTimeout
  )
  return { pass: (millis: number) => void (now += millis), now: () => now, waited: () => waited }
}

describe("Expositions", () => {
  it("leave the event loop to others after two milliseconds, however many are written", async () => {
    const time = standing()
    const turns = new Turns()
    let spent = 0
    let most = 0
    let isWriting = true
    const others = () => {
      most = Math.max(most, spent)
      spent = 0
      if (isWriting) setImmediate(others)
    }
    others()
    const open = async () => {
      const rest = turns.resting()
      for (let piece = 0; piece < 20; piece++) {
        time.pass(0.5)
        spent += 0.5
        await rest()
      }
    }
    const write = async () => {
      for (let piece = 0; piece < 20; piece++) {
        await turns.work(false, () => {
          time.pass(0.5)
          spent += 0.5
        })
      }
    }
    await open()
    await Promise.all([write(), write(), write()])
    isWriting = false
    most = Math.max(most, spent)
    expect([most, time.now(), time.waited()]).toEqual([2, 40, 0])
  })

  it("have the time in which they are sent counted, which is in the same turn", async () => {
    const time = standing()
    const turns = new Turns()
    let [began, most, isWriting] = [time.now(), 0, true]
    const others = () => {
      most = Math.max(most, time.now() - began)
      began = time.now()
      if (isWriting) setImmediate(others)
    }
    others()
    for (let piece = 0; piece < 20; piece++) {
      await turns.work(false, () => time.pass(0.25))
      time.pass(0.75)
    }
    isWriting = false
    expect([most, time.now()]).toEqual([2, 20])
  })

  it("that are written more than once have a fifth of the time when they go on for long, the first writing all of it", async () => {
    const time = standing()
    const turns = new Turns()
    const write = async (isRepeated: boolean) => {
      const began = time.now()
      for (let piece = 0; piece < 500; piece++) {
        await turns.work(isRepeated, () => time.pass(1))
      }
      return time.now() - began
    }
    expect(await write(false)).toBe(500)
    const taken = await write(true)
    // The first hundred milliseconds are given.
    expect(taken).toBeGreaterThan(390 / 0.2)
    expect(taken).toBeLessThan(410 / 0.2)
    expect(await write(false)).toBe(500)
  })
})
