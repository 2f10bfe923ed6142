/** One map from capability to agent; runs a capability with retries where they can help, once per request and input. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlError from "effect/sql/SqlError"
import { degraded, type Provenance, type RequestContext } from "../Domain.ts"
import { Settings } from "../Settings.ts"

export interface CapabilityResult {
  readonly data: unknown
  readonly provenance: Provenance
}

export interface Capability {
  readonly run: (args: unknown, ctx: RequestContext) => Effect.Effect<CapabilityResult, unknown>
}

export interface Agent {
  readonly name: string
  readonly capabilities: Readonly<Record<string, Capability>>
}

const tellProvenance = ({ provenance }: CapabilityResult) => Effect.annotateCurrentSpan("dawsos.provenance", provenance)

/** An agent whose capabilities are observed: a result that is old or made up counts as degraded, not as a success. */
export const agent = <const Capabilities extends Agent["capabilities"]>(name: string, capabilities: Capabilities) => {
  const observed = Object.entries(capabilities).map(([capability, { run }]): [string, Capability] => {
    const observe = DawsOs.withCapabilityMetrics({ agent: name, capability }, { degraded })
    return [capability, { run: (args, ctx) => observe(Effect.tap(run(args, ctx), tellProvenance)) }]
  })
  return { name, capabilities: Object.fromEntries(observed) as { readonly [Name in keyof Capabilities]: Capability } }
}

/** A capability's handler behind the schema of its arguments. */
export const capability = <A, E>(
  input: Schema.ConstraintDecoder<A>,
  handler: (input: A, ctx: RequestContext) => Effect.Effect<CapabilityResult, E>
): Capability => {
  const decode = Schema.decodeUnknownEffect(input)
  return { run: (args, ctx) => Effect.flatMap(decode(args), (decoded) => handler(decoded, ctx)) }
}

export const computed = (data: unknown): CapabilityResult => ({ data, provenance: "computed" })

/** A capability whose data are computed from what the program has. */
export const computes = <A, E>(
  input: Schema.ConstraintDecoder<A>,
  compute: (input: A, ctx: RequestContext) => Effect.Effect<unknown, E>
): Capability => capability(input, (args, ctx) => Effect.map(compute(args, ctx), computed))

/** Two agents claim one capability. */
export class DuplicateCapability extends Schema.TaggedError<DuplicateCapability>()("DuplicateCapability", {
  capability: Schema.String,
  agents: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.capability} is claimed by ${this.agents.join(" and ")}`
  }
}

export class CapabilityNotFound extends Schema.TaggedError<CapabilityNotFound>()("CapabilityNotFound", {
  capability: Schema.String
}) {
  override get message(): string {
    return `no agent has the capability ${this.capability}`
  }
}

/** An agent could not do what it was asked; the cause says why. */
export class AgentExecutionError extends Schema.TaggedError<AgentExecutionError>()("AgentExecutionError", {
  agent: Schema.String,
  capability: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${this.agent} failed at ${this.capability}`
  }
}

/** What has been asked during one request. */
export type RequestCache = Map<string, CapabilityResult>

export class AgentRuntime extends Context.Service<AgentRuntime, {
  readonly agentOf: (capability: string) => string | undefined
  readonly capabilities: ReadonlyArray<string>
  readonly execute: (
    capability: string,
    args: unknown,
    ctx: RequestContext,
    cache: RequestCache
  ) => Effect.Effect<CapabilityResult, CapabilityNotFound | AgentExecutionError>
}>()("dawsos/AgentRuntime") {
  static readonly make = Effect.fnUntraced(function*(agents: ReadonlyArray<Agent>) {
    const settings = yield* Settings
    const map = new Map<string, { readonly agent: string; readonly capability: Capability }>()
    for (const agent of agents) {
      for (const [name, capability] of Object.entries(agent.capabilities)) {
        const other = map.get(name)
        if (other !== undefined) {
          return yield* new DuplicateCapability({ capability: name, agents: [other.agent, agent.name] })
        }
        map.set(name, { agent: agent.name, capability })
      }
    }
    const backoff = Schedule.exponential(Settings.scaled(settings, "1 second"))

    const execute = Effect.fnUntraced(function*(
      name: string,
      args: unknown,
      ctx: RequestContext,
      cache: RequestCache
    ) {
      const found = map.get(name)
      if (found === undefined) return yield* new CapabilityNotFound({ capability: name })
      const key = `${name} ${JSON.stringify(args)}`
      const known = cache.get(key)
      if (known !== undefined) return { ...known, provenance: "cached" } satisfies CapabilityResult
      const result = yield* found.capability.run(args, ctx).pipe(
        Effect.retry({
          times: 3,
          schedule: backoff,
          while: (error) => SqlError.isSqlError(error) && error.isRetryable
        }),
        Effect.mapError((cause) => new AgentExecutionError({ agent: found.agent, capability: name, cause }))
      )
      cache.set(key, result)
      return result
    })

    return AgentRuntime.of({
      agentOf: (name) => map.get(name)?.agent,
      capabilities: [...map.keys()].sort(),
      execute
    })
  })

  static readonly layer = <E, R>(agents: Effect.Effect<ReadonlyArray<Agent>, E, R>) =>
    Layer.effect(AgentRuntime, Effect.flatMap(agents, AgentRuntime.make))
}
