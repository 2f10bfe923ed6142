// Lets a parent process take a CPU profile of this one: `{ profile: true }` begins it, `{ profile: FILE }` ends it and
// writes it, which is said by `profiled`.
import { writeFileSync } from "node:fs"

/** What a parent says. */
export interface Order {
  readonly profile: true | string
}

const isOrder = (message: unknown): message is Order =>
  typeof message === "object" && message !== null && "profile" in message

const samplingMicros = 500

/** Listens for orders; loads the inspector with the first. */
export const listen = (): void => {
  const inspector = async () => {
    const { Session } = await import("node:inspector/promises")
    const session = new Session()
    session.connect()
    await session.post("Profiler.enable")
    await session.post("Profiler.setSamplingInterval", { interval: samplingMicros })
    return session
  }
  let session: ReturnType<typeof inspector> | undefined
  const obey = async ({ profile: order }: Order): Promise<void> => {
    const current = await (session ??= inspector())
    if (order === true) return current.post("Profiler.start")
    const { profile } = await current.post("Profiler.stop")
    writeFileSync(order, JSON.stringify(profile))
    process.stdout.write(`profiled ${order}\n`)
  }
  process.on("message", (message) => {
    if (!isOrder(message)) return
    obey(message).catch((error: unknown) => process.stdout.write(`not profiled: ${String(error)}\n`))
  })
}
