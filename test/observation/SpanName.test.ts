import { describe, expect, it } from "@effect/vitest"
import * as SpanName from "../../src/observation/SpanName.ts"

const named = (name: string, attributes: Readonly<Record<string, unknown>>) =>
  SpanName.conventional(name, (key) => attributes[key])

describe("The name under which a span leaves", () => {
  it("tells method and route of a request, once the route is known", () => {
    const request = { "http.request.method": "GET" }
    expect(named("GET", { ...request, "http.route": "/api/quotes/{symbol}" })).toBe("GET /api/quotes/{symbol}")
    expect(named("GET", request)).toBe("GET")
  })

  it("tells operation and table of a statement", () => {
    const statement = { "effect.sql.method": "execute", "db.operation.name": "select" }
    expect(named("postgres", { ...statement, "db.collection.name": "lots" })).toBe("select lots")
    expect(named("postgres", statement)).toBe("select")
  })

  it("is that of its own method and route, however many came before", () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5_000; i++) {
        const [method, route] = [`METHOD${i % 100}`, `/orders/${i % 700}`]
        expect(named(method, { "http.request.method": method, "http.route": route })).toBe(`${method} ${route}`)
      }
    }
  })

  it("is left as it is where somebody chose it", () => {
    expect(named("checkout", { "http.request.method": "GET", "http.route": "/orders" })).toBe("checkout")
    expect(named("report", { "db.operation.name": "report", "db.collection.name": "lots" })).toBe("report")
  })
})
