// PGlite behind its socket, on a free port: one session, whatever the socket accepts.
import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"

export interface EmbeddedPostgres {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<EmbeddedPostgres> => {
  const db = await PGlite.create()
  const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 4 })
  await server.start()
  const [host = "", port = ""] = server.getServerConn().split(":")
  return {
    host,
    port: Number(port),
    database: "postgres",
    username: "postgres",
    stop: async () => {
      await server.stop()
      await db.close()
    }
  }
}
