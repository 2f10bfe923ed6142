// What is open in a process, whether it keeps the process alive or not: Node's own list leaves out what is unref'd.
import * as AsyncHooks from "node:async_hooks"
import * as Fs from "node:fs"

/** Counts by kind. */
export type Counts = Readonly<Record<string, number>>

const handles = new Set(["PIPEWRAP", "TCPSERVERWRAP", "TCPWRAP", "TLSWRAP", "UDPWRAP"])

/** What runs by the clock for the process as a whole, since somebody asked: Node's time of day, and `fetch`'s timers. */
const ofProcess = new Set(["resetCache", "onTick"])

interface Timer {
  readonly _idleTimeout: number
  readonly _onTimeout: () => void
}

const open = new Map<number, string>()
const seen: Record<string, number> = {}
let watching = false

const opened = (id: number, kind: string): void => {
  open.set(id, kind)
  seen[kind] = (seen[kind] ?? 0) + 1
}

/** Begins to watch; what was opened before is not counted. */
export const watch = (): void => {
  if (watching) return
  watching = true
  AsyncHooks.createHook({
    init: (id, type, _trigger, resource) => {
      if (type === "Timeout") {
        const { _idleTimeout, _onTimeout } = resource as Timer
        if (!ofProcess.has(_onTimeout.name)) opened(id, `timer of ${_idleTimeout} ms`)
      } else if (handles.has(type)) opened(id, type)
    },
    destroy: (id) => void open.delete(id),
    trackPromises: false
  }).enable()
}

/** Counts names. */
export const counted = (names: ReadonlyArray<string>): Counts => {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** All that was opened since somebody watches, closed or not. */
export const watched = (): Counts => ({ ...seen })

/** Timers that may still fire and handles that were not closed; nothing where nobody watches. */
export const now = (): Counts => counted([...open.values()])

const list = "/proc/self/fd"

/** The sockets among the process's descriptors, as the system has it; nothing where nobody watches or nothing tells. */
export const sockets = (): number =>
  !watching || !Fs.existsSync(list) ? 0 : Fs.readdirSync(list).filter((descriptor) => {
    try {
      return Fs.readlinkSync(`${list}/${descriptor}`).startsWith("socket:")
    } catch (error) {
      // The descriptor by which the list was read.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
      throw error
    }
  }).length
