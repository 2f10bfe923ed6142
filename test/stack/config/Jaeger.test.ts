// Jaeger with each of its configurations: the store takes spans, the gateway keeps those that are worth keeping.
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Yaml from "yaml"
import * as Process from "../../../scripts/Process.ts"
import * as Compose from "../support/Compose.ts"
import * as Deadline from "../support/Deadline.ts"
import * as Http from "../support/Http.ts"
import * as Jaeger from "../support/Jaeger.ts"
import * as Stack from "../support/Stack.ts"
import * as Tool from "../support/Tool.ts"

interface Sent {
  readonly id: string
  readonly kind: "error" | "slow" | "plain"
}

/** A trace of one request with a call below it, in OTLP as JSON. */
const trace = ({ id, kind }: Sent) => {
  const end = BigInt(Date.now()) * 1_000_000n
  const start = end - BigInt(kind === "slow" ? 3000 : 50) * 1_000_000n
  const [root, call] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")]
  const span = { traceId: id, startTimeUnixNano: String(start), endTimeUnixNano: String(end) }
  return {
    scopeSpans: [{
      spans: [
        { ...span, spanId: root, name: kind, kind: 2, status: {} },
        {
          ...span,
          spanId: call,
          parentSpanId: root,
          name: "call",
          kind: 3,
          status: kind === "error" ? { code: 2 } : {}
        }
      ]
    }],
    resource: { attributes: [{ key: "service.name", value: { stringValue: "through-gateway" } }] }
  }
}

describe("Jaeger's configurations", () => {
  it.live("name components only that the tested version has", () =>
    Effect.gen(function*() {
      const path = yield* Tool.path("jaeger")
      const { code, output } = yield* Effect.promise(() => Process.run(path, ["components"], { deadlineMs: 60_000 }))
      assert.strictEqual(code, 0, output)
      const components = Yaml.parse(output.slice(output.indexOf("buildinfo:")))
      for (const file of ["jaeger.yml", "gateway.yml"]) {
        const config = Yaml.parse(readFileSync(Path.join(Compose.root, "observability/jaeger", file), "utf8"))
        for (const kind of ["receivers", "processors", "exporters", "extensions"]) {
          const known = components[kind].map(({ name }: { readonly name: string }) => name)
          assert.includeMembers(known, Object.keys(config[kind]), `${file}: ${kind}`)
        }
      }
    }))

  it.live("start without a word of something deprecated", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const programs = yield* Effect.all([Jaeger.start(stack), Jaeger.start(stack, "gateway")], { concurrency: 2 })
      for (const program of programs) {
        expect(yield* program.output).not.toMatch(/deprecat/i)
      }
    }))

  it.live("let errors, slow traces and a share of the rest through the gateway, whole", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const jaeger = yield* Jaeger.start(stack)
      yield* Jaeger.start(stack, "gateway")
      const plain = 300
      const sent = [
        ...Array.from({ length: plain }, (): Sent["kind"] => "plain"),
        ...Array.from({ length: 10 }, (): Sent["kind"] => "error"),
        ...Array.from({ length: 10 }, (): Sent["kind"] => "slow")
      ].map((kind): Sent => ({ id: randomBytes(16).toString("hex"), kind }))
      yield* Http.text(`${stack.url("gateway", Jaeger.ports.otlp)}/v1/traces`, {
        json: { resourceSpans: sent.map(trace) }
      })

      const ids = (kind: Sent["kind"]) => sent.filter((one) => one.kind === kind).map(({ id }) => id).toSorted()
      const found = (kind: Sent["kind"]) =>
        Effect.map(
          jaeger.find({ service: "through-gateway", operation: kind, limit: 1000 }),
          (traces) => traces.toSorted((a, b) => a.traceID.localeCompare(b.traceID))
        )
      for (const kind of ["error", "slow"] as const) {
        const traces = yield* Deadline.eventually(found(kind), {
          what: `the traces of kind ${kind} are in Jaeger`,
          within: "60 seconds",
          until: (traces) => traces.length === ids(kind).length
        })
        expect(traces.map(({ traceID }) => traceID)).toEqual(ids(kind))
        for (const { spans } of traces) {
          expect(spans.map(({ operationName }) => operationName).toSorted()).toEqual(["call", kind].toSorted())
        }
      }
      // A tenth of 300: 30, give or take five times the 5.2 of a binomial distribution.
      const kept = yield* found("plain")
      expect(kept.length).toBeGreaterThan(3)
      expect(kept.length).toBeLessThan(57)
      for (const { spans } of kept) expect(spans).toHaveLength(2)
    }), 120_000)
})
