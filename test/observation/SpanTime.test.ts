import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as FastCheck from "fast-check"
import * as SpanTime from "../../src/observation/SpanTime.ts"

const live = Context.get(Context.empty(), Clock.Clock)

/** Effect's live clock, as far as it is followed, beside a monotonic one: both stand until they are moved. */
const clocks = (epoch: bigint) => {
  let nanos = 0n
  let offset = epoch
  return {
    pass: (by: bigint) => {
      nanos += by
    },
    set: (by: bigint) => {
      offset += by
    },
    monotonic: () => Number(nanos) / 1e6,
    clock: { ...live, currentTimeNanosUnsafe: () => offset + nanos },
    now: () => offset + nanos
  }
}

const read = (time: SpanTime.SpanTime): bigint => {
  time.tell(time.now())
  return SpanTime.toBigInt(time.seconds, time.nanos)
}

describe("A moment", () => {
  it("in nanoseconds is its whole seconds and what is left, to the nanosecond", () => {
    FastCheck.assert(FastCheck.property(FastCheck.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (nanos) => {
      expect(SpanTime.secondsOf(nanos)).toBe(Number(nanos / 1_000_000_000n))
      expect(SpanTime.nanosOf(nanos)).toBe(Number(nanos % 1_000_000_000n))
      expect(SpanTime.toBigInt(SpanTime.secondsOf(nanos), SpanTime.nanosOf(nanos))).toBe(nanos)
    }))
  })
})

describe("The time of spans", () => {
  const epoch = 1_750_000_000_123_456_789n

  it("is that of the clock it follows, to the nanosecond, however much passes in between", () => {
    FastCheck.assert(FastCheck.property(
      // Up to an hour at a time, three days in all.
      FastCheck.array(FastCheck.bigInt({ min: 0n, max: 3_600_000_000_000n }), { maxLength: 72 }),
      (steps) => {
        const { clock, monotonic, now, pass } = clocks(epoch)
        const time = new SpanTime.SpanTime(clock, monotonic)
        for (const step of steps) {
          pass(step)
          expect(read(time)).toBe(now())
        }
      }
    ))
  })

  it("comes to a new second where there are no nanoseconds left of the old one", () => {
    const { clock, monotonic, pass } = clocks(1_999_999_999n)
    const time = new SpanTime.SpanTime(clock, monotonic)
    time.tell(time.now())
    pass(1n)
    time.tell(time.now())
    expect([time.seconds, time.nanos]).toEqual([2, 0])
  })

  it("goes where the wall clock was set to, when the next ten milliseconds have passed", () => {
    for (const jump of [3_600_000_000_000n, -3_600_000_000_000n, 2_000_000n]) {
      const { clock, monotonic, now, pass, set } = clocks(epoch)
      const time = new SpanTime.SpanTime(clock, monotonic)
      pass(1_000_000n)
      expect(read(time)).toBe(now())
      set(jump)
      pass(11_000_000n)
      expect(read(time)).toBe(now())
    }
  })

  it("asks the clock that it follows now and then, not each time", () => {
    const { clock, monotonic, pass } = clocks(epoch)
    let asked = 0
    const counting = {
      ...clock,
      currentTimeNanosUnsafe: () => {
        asked++
        return clock.currentTimeNanosUnsafe()
      }
    }
    const time = new SpanTime.SpanTime(counting, monotonic)
    time.tell(time.now())
    asked = 0
    for (let n = 0; n < 100; n++) {
      pass(1_000_000n)
      time.tell(time.now())
    }
    expect(asked).toBe(10)
  })

  it("is the wall clock's where the live clock is followed", () => {
    const time = new SpanTime.SpanTime(live)
    const before = live.currentTimeNanosUnsafe()
    const told = read(time)
    const after = live.currentTimeNanosUnsafe()
    // What two clocks can differ by that are read one after the other.
    const tolerated = 5_000_000n
    expect(told >= before - tolerated && told <= after + tolerated).toBe(true)
  })
})
