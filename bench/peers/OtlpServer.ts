// A local OTLP server that counts, in a process of its own: what it does for a request takes no time from whoever sends.
import { fork } from "node:child_process"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { root } from "../../scripts/Process.ts"

/** What arrived at a path. */
export interface Arrived {
  readonly spans: number
  readonly requests: number
  readonly bytes: number
  /** What was wrong with a request. */
  readonly problem: string | undefined
}

/** Asks the process for what arrived at a path. */
export interface Asked {
  readonly ask: number
  readonly path: string
}

export interface Answer {
  readonly ask: number
  readonly arrived: Arrived
}

export interface OtlpServer {
  /** Where a candidate sends its spans: each has a path of its own. Under `any/` they may be other than `OrderSpan`'s. */
  readonly url: (candidate: string) => string
  readonly arrived: (candidate: string) => Promise<Arrived>
  /** Waits until so many spans of a candidate have arrived since the start, or until too much time has passed. */
  readonly waitFor: (candidate: string, spans: number) => Promise<Arrived>
  readonly close: () => void
}

const patienceMs = 20_000

const path = (candidate: string): string => `/${candidate}/v1/traces`

/** Starts it. */
export const start = async (): Promise<OtlpServer> => {
  const child = fork(Path.join(root, "bench/subjects/otlpServer.ts"), [], {
    cwd: root,
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const asking = new Map<number, (arrived: Arrived) => void>()
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the OTLP server ended with exit code ${code}`)))
    child.on("message", (message: { readonly port: number } | Answer) => {
      if ("port" in message) return resolve(message.port)
      asking.get(message.ask)?.(message.arrived)
      asking.delete(message.ask)
    })
  })
  let asked = 0
  const arrived = (candidate: string): Promise<Arrived> =>
    new Promise((resolve) => {
      const ask = asked++
      asking.set(ask, resolve)
      child.send({ ask, path: path(candidate) } satisfies Asked)
    })
  return {
    url: (candidate) => `http://127.0.0.1:${port}${path(candidate)}`,
    arrived,
    waitFor: async (candidate, spans) => {
      const end = performance.now() + patienceMs
      for (;;) {
        const now = await arrived(candidate)
        if (now.spans >= spans || performance.now() > end) return now
        await sleep(1)
      }
    },
    close: () => child.disconnect()
  }
}
