// What a measurement was made on, and of.
import { spawnSync } from "node:child_process"
import * as Os from "node:os"
import { root } from "./Process.ts"

/** The commit of the work tree, and whether files of it were changed; nothing where there is no repository. */
const commit = (): string => {
  const { status, stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude", "*"], {
    cwd: root,
    encoding: "utf8"
  })
  return status === 0 && stdout.trim() !== "" ? `, commit ${stdout.trim()}` : ""
}

/** Cores, memory, Node, how busy the machine is with everything that runs on it, and the commit. */
export const describe = (): string =>
  `${Os.availableParallelism()} cores, ${
    Math.round(Os.totalmem() / 2 ** 30)
  } GiB, Node ${process.version}, load average ` +
  `${(Os.loadavg()[0] ?? 0).toFixed(1)}${commit()}`
