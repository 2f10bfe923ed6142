/** Who did what. A failure to write it down is logged and never fails the request. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"

type Entry = Readonly<Record<"user_id" | "action" | "request_id" | "outcome", string>>

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "AuditService", method })

export class Audit extends Context.Service<Audit>()("dawsos/AuditService", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const log = Effect.fn(function*(entry: Entry) {
      yield* Effect.ignore(sql`insert into audit_log ${sql.insert({ ...entry })}`, {
        log: "Error",
        message: "the audit log could not be written"
      })
    }, observed("log"))
    return { log }
  })
}) {
  static readonly layer = Layer.effect(Audit, Audit.make)
}
