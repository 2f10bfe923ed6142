import * as DawsOs from "@dawsos/observability/dawsos"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Net from "node:net"
import { addressOf, layer } from "../../../../examples/dawsos/database/Database.ts"
import { listen } from "../../../../examples/dawsos/LocalServer.ts"
import { settings } from "../settings.ts"

const address = (url: string) => {
  const { url: _, ...parts } = addressOf(Redacted.make(url))
  return parts
}

/** What a database that offers no TLS is asked first, and how the program ends. */
const start = (query: string) =>
  Effect.gen(function*() {
    const asked: Array<number> = []
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.once("data", (data) => {
        asked.push(data.readUInt32BE(4))
        socket.end("N")
      })
    })
    const port = yield* listen(server, () => sockets.forEach((socket) => socket.destroy()))
    const databaseUrl = Redacted.make(`postgres://ada:hunter2@127.0.0.1:${port}/db${query}`)
    const failing = layer.pipe(Layer.provide(settings({ databaseUrl })), Layer.provide(DawsOs.layerTest))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(failing)))
    return { asked: new Set(asked), message: String(Reflect.get(Object(error), "message")) }
  }).pipe(Effect.scoped)

const sslRequest = 80_877_103
const startup = 196_608

describe("DATABASE_URL", () => {
  it("gives host, port, database and user, with what Postgres takes where they are missing", () => {
    assert.deepStrictEqual(address("postgres://a%40b:secret@db.example:6432/da%20ws"), {
      host: "db.example",
      port: 6432,
      database: "da ws",
      username: "a@b"
    })
    assert.deepStrictEqual(address("postgresql://[::1]"), {
      host: "::1",
      port: 5432,
      database: "postgres",
      username: "postgres"
    })
  })

  it.live("with sslmode=require sends nothing before TLS, and no password into the message", () =>
    Effect.gen(function*() {
      const { asked, message } = yield* start("?sslmode=require")
      assert.deepStrictEqual([...asked], [sslRequest])
      assert.match(message, /^DATABASE_URL: no usable Postgres: /)
      assert.notInclude(message, "hunter2")
    }))

  it.live("without sslmode asks for no TLS", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual([...(yield* start("")).asked], [startup])
    }))

  it.live("with an sslmode that there is not is refused", () =>
    Effect.gen(function*() {
      const { asked, message } = yield* start("?sslmode=maybe")
      assert.deepStrictEqual([...asked], [])
      assert.include(message, "sslmode")
    }))
})
