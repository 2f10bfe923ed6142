import type { Metrics } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as SqlCells from "../../src/instrument/SqlCells.ts"
import * as Recorded from "../support/Recorded.ts"
import { definitions, tables } from "./SqlMetrics.ts"

const options = { ...definitions, tables }
const select = { operation: "select", table: "orders" }

/** Metrics that count how often a cell is looked for. */
const looked = () => {
  const recorded = Recorded.make()
  let lookups = 0
  const counter: Metrics.Service["counter"] = (definition, labels) => {
    lookups++
    return recorded.service.counter(definition, labels)
  }
  const service: Metrics.Service = { ...recorded.service, counter }
  return { recorded, service, lookups: () => lookups }
}

describe("the cells of statements", () => {
  it("are looked for once, however often a statement runs", () => {
    const { lookups, recorded, service } = looked()
    const cellsOf = SqlCells.remembered(options)
    for (let i = 0; i < 3; i++) cellsOf(service, select).queries.increment()
    assert.strictEqual(lookups(), 1)
    assert.deepStrictEqual(recorded.moved(), ["db_queries_total{operation=select,table=orders} 3"])
  })

  it("are those of the metrics that a statement is counted in, and of its own labels", () => {
    const [one, other] = [Recorded.make(), Recorded.make()]
    const cellsOf = SqlCells.remembered(options)
    const insert = { operation: "insert", table: "items" }
    cellsOf(one.service, select).queries.increment()
    cellsOf(other.service, select).duration.observe(0.1)
    cellsOf(other.service, insert).errors.increment()
    assert.deepStrictEqual(one.moved(), ["db_queries_total{operation=select,table=orders} 1"])
    assert.deepStrictEqual(other.moved(), [
      "db_query_duration_seconds_count{operation=select,table=orders} 1",
      "db_query_errors_total{operation=insert,table=items} 1"
    ])
  })

  it("show no series in which nothing was counted", () => {
    const { service, value } = Recorded.make()
    SqlCells.remembered(options)(service, select).queries.increment()
    assert.isUndefined(value("db_query_errors_total", select))
    assert.isUndefined(value("db_query_duration_seconds_count", select))
  })
})
