// What a measurement was made on.
import * as Os from "node:os"

/** Cores, memory, Node, and how busy the machine is with everything that runs on it. */
export const describe = (): string =>
  `${Os.availableParallelism()} cores, ${
    Math.round(Os.totalmem() / 2 ** 30)
  } GiB, Node ${process.version}, load average ` +
  (Os.loadavg()[0] ?? 0).toFixed(1)
