/** Runs a pattern: its steps in order, the first error aborts, and a trace of what was done comes with the result. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { degraded, type Provenance, type RequestContext } from "../Domain.ts"
import { PatternExecutionError, Rejected, RequestTimeout } from "../Errors.ts"
import { Settings } from "../Settings.ts"
import { AgentRuntime, type RequestCache } from "./AgentRuntime.ts"
import { mistyped, type Pattern, patterns } from "./Patterns.ts"
import { holds, resolve, type Scope } from "./Templates.ts"

export interface StepTrace {
  readonly capability: string
  readonly agent: string
  readonly status: "ok" | "skipped"
  readonly duration_ms: number
}

/** The inputs with their defaults, each of the declared type. */
export const bindInputs = (
  pattern: Pattern,
  given: Readonly<Record<string, unknown>>
): Result.Result<Readonly<Record<string, unknown>>, Rejected> => {
  const invalid = (detail: string) => Result.fail(new Rejected({ code: "pattern_invalid", detail }))
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(pattern.inputs, name))
  if (unknown !== undefined) {
    return invalid(`${pattern.id} has no input ${unknown}; it has ${Object.keys(pattern.inputs).join(", ") || "none"}`)
  }
  const bound: Record<string, unknown> = {}
  for (const [name, input] of Object.entries(pattern.inputs)) {
    const value = given[name] ?? input.default
    if (typeof value !== input.type) {
      return invalid(`input ${name} of ${pattern.id} must be a ${input.type}`)
    }
    bound[name] = value
  }
  return Result.succeed(bound)
}

const timeLimit = "30 seconds"

export class Orchestrator extends Context.Service<Orchestrator>()("dawsos/Orchestrator", {
  make: Effect.gen(function*() {
    const runtime = yield* AgentRuntime
    const settings = yield* Settings
    const all = new Map(patterns.map((pattern) => [pattern.id, pattern]))

    const run = Effect.fnUntraced(function*(
      pattern: Pattern,
      inputs: Readonly<Record<string, unknown>>,
      ctx: RequestContext
    ) {
      if (settings.fault.is("error-storm") && (yield* Random.nextBoolean)) {
        return yield* Effect.die(new Error("a simulated defect"))
      }
      const state: Record<string, unknown> = {}
      const provenance: Record<string, Provenance> = {}
      const steps: Array<StepTrace> = []
      const cache: RequestCache = new Map()
      const scope: Scope = { inputs, ctx, state }
      for (const step of pattern.steps) {
        const failed = (code: PatternExecutionError["code"]) => (cause: unknown) =>
          new PatternExecutionError({ code, patternId: pattern.id, step: step.capability, cause })
        const agent = runtime.agentOf(step.capability)
        const begin = yield* Clock.currentTimeMillis
        const wanted = step.if === undefined ||
          (yield* Effect.mapError(Effect.fromResult(holds(step.if, scope)), failed("pattern_execution_error")))
        if (wanted) {
          const args = yield* Effect.mapError(
            Effect.fromResult(resolve(step.args, scope)),
            failed("pattern_execution_error")
          )
          const result = yield* Effect.catchTags(runtime.execute(step.capability, args, ctx, cache), {
            AgentExecutionError: (error) => Effect.fail(failed("agent_execution_error")(error)),
            CapabilityNotFound: (error) => Effect.fail(failed("capability_not_found")(error))
          })
          state[step.as] = result.data
          provenance[step.as] = result.provenance
        }
        steps.push({
          capability: step.capability,
          agent: agent ?? "none",
          status: wanted ? "ok" : "skipped",
          duration_ms: (yield* Clock.currentTimeMillis) - begin
        })
      }
      const used = steps.filter((step) => step.status === "ok")
      return {
        pattern_id: pattern.id,
        state,
        trace: {
          agents_used: [...new Set(used.map((step) => step.agent))],
          capabilities_used: [...new Set(used.map((step) => step.capability))],
          steps,
          provenance
        },
        // Some of the data are old or made up, because where they come from did not answer.
        degraded: Object.values(provenance).some((source) => degraded({ provenance: source }))
      }
    })

    /** One span and one count for each; the time limit is inside, so that exceeding it counts as an error. */
    const execute = (pattern: Pattern, inputs: Readonly<Record<string, unknown>>, ctx: RequestContext) =>
      run(pattern, inputs, ctx).pipe(
        Effect.timeoutOrElse({
          duration: timeLimit,
          orElse: () => Effect.fail(new RequestTimeout({ limit: timeLimit }))
        }),
        DawsOs.withPatternMetrics({ patternId: pattern.id }, {
          degraded: (result: { readonly degraded: boolean }) => result.degraded
        })
      )

    const find = Effect.fnUntraced(function*(id: string) {
      const pattern = all.get(id)
      if (pattern === undefined) {
        return yield* new Rejected({ code: "pattern_not_found", detail: `there is no pattern ${id}` })
      }
      return id === "portfolio_overview" && settings.fault.is("pattern-broken") ? mistyped(pattern) : pattern
    })

    return { patterns, find, execute }
  })
}) {
  static readonly layer = Layer.effect(Orchestrator, Orchestrator.make)
}
