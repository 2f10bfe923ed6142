// The database of the programs under load, in a process of its own: says `port N`, and keeps its answers once it is told
// `{ remember: true }`.
import { PGlite } from "@electric-sql/pglite"
import { createServer } from "node:net"
import * as Remembering from "../request/Remembering.ts"

const db = await PGlite.create()
const memory = new Remembering.Memory()
let connections = 0
const server = createServer((socket) => Remembering.serve(socket, connections++, db, memory))
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`port ${typeof address === "object" && address !== null ? address.port : 0}\n`)
})

process.on("message", (message: { readonly remember?: true }) => {
  if (message.remember !== true) return
  memory.on = true
  process.stdout.write("remembers\n")
})
process.on("SIGTERM", () => process.exit(0))
// Nobody is left who would end it.
process.on("disconnect", () => process.exit(1))
