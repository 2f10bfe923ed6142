// What a process holds, once everything that nothing refers to is gone.
import { setTimeout as sleep } from "node:timers/promises"
import { getHeapSpaceStatistics } from "node:v8"

const rests = 8

/** Bytes of the heap, and of buffers outside of it, after garbage collections. */
export const settled = async (): Promise<number> => {
  const collect = globalThis.gc
  if (collect === undefined) throw new Error("node runs without --expose-gc")
  let least = Infinity
  for (let n = 0; n < rests; n++) {
    // What a finalizer or a timer lets go is gone with the next collection.
    await sleep(5)
    await collect()
    const { external, heapUsed } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}

// Machine code, and beside it bytecode and what optimised code is thrown away by.
const spacesOfCode = new Set(["code_space", "code_large_object_space", "trusted_space", "trusted_large_object_space"])

/** Bytes that the engine's own compiled code takes. */
export const code = (): number =>
  getHeapSpaceStatistics().reduce(
    (sum, { space_name: name, space_used_size: used }) => spacesOfCode.has(name) ? sum + used : sum,
    0
  )
