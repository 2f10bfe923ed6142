// A Postgres for many connections whose answers to reads are given again without asking: what a query takes is then
// little and always the same, and the program under load is what is measured.
//
// PGlite is one session. Statements of a connection get names of their own in it, and what a client sends up to its
// `Sync` goes there at once, so that connections don't mix.
import type { PGlite } from "@electric-sql/pglite"
import type { Socket } from "node:net"

const types = { bind: 0x42, close: 0x43, describe: 0x44, execute: 0x45, parse: 0x50, query: 0x51, sync: 0x53 }
const terminate = 0x58
/** How an answer begins that is an error. */
const errorResponse = 0x45
/** What `Describe` and `Close` are of, if not of a portal. */
const ofStatement = 0x53
const sslRequest = 80_877_103
const startup = 196_608

/** Answers that are known, by statement and parameters. */
export class Memory {
  /** Whether answers are kept, and given again. */
  on = false
  readonly answers = new Map<string, Buffer>()
}

/** A message with the name of the statement in it, which stands at `at`, made another. */
const renamed = (message: Buffer, at: number, end: number, name: string): Buffer => {
  const made = Buffer.concat([message.subarray(0, at), Buffer.from(name), message.subarray(end)])
  made.writeInt32BE(made.length - 1, 1)
  return made
}

/** Serves one connection. */
export const serve = (socket: Socket, number: number, db: PGlite, memory: Memory): void => {
  const statements = new Map<string, string>()
  let received: Buffer = Buffer.alloc(0)
  let started = false
  let unit: Array<Buffer> = []
  // What was asked, as a key for the memory; nothing where the answer must not be kept.
  let asked: string | undefined = ""
  let waiting = 0
  let last: Promise<void> = Promise.resolve()

  const forward = async (bytes: Buffer, key: string | undefined): Promise<void> => {
    const answer = Buffer.from(await db.runExclusive(() => db.execProtocolRaw(bytes)))
    if (key !== undefined && memory.on && answer[0] !== errorResponse) memory.answers.set(key, answer)
    if (socket.writable) socket.write(answer)
  }

  /** Answers come in the order of what was sent. */
  const ask = (bytes: Buffer, key: string | undefined): void => {
    waiting++
    last = last.then(() => forward(bytes, key)).catch((error: unknown) => {
      socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }).finally(() => {
      waiting--
    })
  }

  const send = (): void => {
    const known = memory.on && waiting === 0 && asked !== undefined ? memory.answers.get(asked) : undefined
    if (known === undefined) ask(Buffer.concat(unit), asked === "" ? undefined : asked)
    else socket.write(known)
    unit = []
    asked = ""
  }

  /** Takes a message into the unit that is sent as one. */
  const take = (message: Buffer): void => {
    const type = message[0]
    const textEnd = (from: number): number => message.indexOf(0, from)
    if (type === types.parse) {
      const end = textEnd(5)
      const name = message.toString("utf8", 5, end)
      statements.set(name, message.toString("utf8", end + 1, textEnd(end + 1)))
      unit.push(name === "" ? message : renamed(message, 5, end, `${number}.${name}`))
      // The next one may ask for this statement by its name, so the database has to know it.
      asked = undefined
    } else if (type === types.bind) {
      const at = textEnd(5) + 1
      const end = textEnd(at)
      const name = message.toString("utf8", at, end)
      const text = statements.get(name)
      unit.push(name === "" ? message : renamed(message, at, end, `${number}.${name}`))
      if (text === undefined || !/^\s*select\b/i.test(text)) asked = undefined
      else if (asked !== undefined) asked += `${text}\0${message.toString("latin1", end)}`
    } else if (type === types.describe || type === types.close) {
      const statement = message[5] === ofStatement
      const end = textEnd(6)
      const name = message.toString("utf8", 6, end)
      unit.push(statement && name !== "" ? renamed(message, 6, end, `${number}.${name}`) : message)
      if (statement) asked = undefined
      else if (asked !== undefined) asked += message.toString("latin1")
    } else {
      unit.push(message)
      if (asked !== undefined && type === types.execute) asked += message.toString("latin1")
      else if (type !== types.sync) asked = undefined
    }
    if (type === types.sync || type === types.query) send()
  }

  /** Reads the messages that have arrived in whole. */
  const read = (): void => {
    while (true) {
      if (!started) {
        if (received.length < 8 || received.length < received.readInt32BE(0)) return
        const message = received.subarray(0, received.readInt32BE(0))
        const code = message.readInt32BE(4)
        received = received.subarray(message.length)
        if (code === sslRequest) socket.write("N")
        else if (code === startup) {
          started = true
          ask(Buffer.from(message), undefined)
        } else return void socket.destroy()
      } else {
        if (received.length < 5 || received.length < 1 + received.readInt32BE(1)) return
        const message = received.subarray(0, 1 + received.readInt32BE(1))
        received = received.subarray(message.length)
        if (message[0] === terminate) return void socket.end()
        take(Buffer.from(message))
      }
    }
  }

  socket.setNoDelay(true)
  socket.on("data", (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    read()
  })
  // A program that ends breaks its connections.
  socket.on("error", () => socket.destroy())
}
