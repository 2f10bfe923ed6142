/** The schema, in steps that are applied once each. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { readFile } from "node:fs/promises"

/** The statements of a file, one by one: a prepared statement can't hold several. */
const step = (name: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const text = yield* Effect.promise(() => readFile(new URL(`./schema/${name}.sql`, import.meta.url), "utf8"))
    for (const statement of text.trim().split(/;\n?/).filter(Boolean)) yield* sql.unsafe(statement)
  })

export const migrations = Migrator.fromRecord({
  "1_market": step("1_market"),
  "2_ledger": step("2_ledger"),
  "3_alerts": step("3_alerts"),
  "4_alerts_once": step("4_alerts_once")
})
