// What a process holds, once everything that nothing refers to is gone.
import { setTimeout as sleep } from "node:timers/promises"

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
