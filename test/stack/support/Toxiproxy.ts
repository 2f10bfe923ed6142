/** Toxiproxy: a network that fails as it is told, between a program and another. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "./Http.ts"
import * as Ports from "./Ports.ts"
import * as Program from "./Program.ts"
import * as Tool from "./Tool.ts"

/**
 * What a connection suffers; times in milliseconds, sizes in bytes, rates in KB/s
 * (https://github.com/Shopify/toxiproxy#toxics).
 */
export type Toxic =
  | { readonly type: "latency"; readonly attributes: { readonly latency: number; readonly jitter: number } }
  | { readonly type: "bandwidth"; readonly attributes: { readonly rate: number } }
  | { readonly type: "slow_close"; readonly attributes: { readonly delay: number } }
  /** Nothing passes; 0 never closes the connection. */
  | { readonly type: "timeout"; readonly attributes: { readonly timeout: number } }
  | { readonly type: "reset_peer"; readonly attributes: { readonly timeout: number } }
  | { readonly type: "limit_data"; readonly attributes: { readonly bytes: number } }

/** `upstream`: from the client to the server; `downstream`: its answers. */
export type Direction = "upstream" | "downstream"

/** A port behind which another one is, and what happens between the two. */
export interface Proxy {
  readonly port: number
  /** Holds until its scope ends; for connections that are open already, too. */
  readonly toxic: (direction: Direction, toxic: Toxic) => Effect.Effect<void, Http.AskFailed, Scope.Scope>
  /** Refuses connections, and breaks those that are open, until its scope ends. */
  readonly down: Effect.Effect<void, Http.AskFailed, Scope.Scope>
}

export interface Toxiproxy extends Program.Program {
  /** Stands before a port of this machine. */
  readonly before: (port: number) => Effect.Effect<Proxy, Http.AskFailed>
}

/** Starts Toxiproxy; ended with the scope. */
export const start: Effect.Effect<Toxiproxy, Program.ProgramFailed | Tool.ToolMissing, Scope.Scope> = Effect.gen(
  function*() {
    const path = yield* Tool.path("toxiproxy-server")
    const control = yield* Ports.free
    const api = `http://127.0.0.1:${control}`
    const program = yield* Program.start({
      name: "toxiproxy",
      path,
      args: ["-host", "127.0.0.1", "-port", String(control)],
      ready: () => Http.text(`${api}/version`)
    })
    let names = 0
    return {
      ...program,
      before: Effect.fnUntraced(function*(upstream: number) {
        const port = yield* Ports.free
        const proxy = `${api}/proxies/p${port}`
        yield* Http.text(`${api}/proxies`, {
          json: { name: `p${port}`, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstream}`, enabled: true }
        })
        const enable = (enabled: boolean) => Http.text(proxy, { json: { enabled } })
        return {
          port,
          toxic: (direction, toxic) => {
            const name = `t${names++}`
            return Effect.asVoid(Effect.acquireRelease(
              Http.text(`${proxy}/toxics`, { json: { ...toxic, name, stream: direction, toxicity: 1 } }),
              () => Effect.orDie(Http.text(`${proxy}/toxics/${name}`, { method: "DELETE" }))
            ))
          },
          down: Effect.asVoid(Effect.acquireRelease(enable(false), () => Effect.orDie(enable(true))))
        } satisfies Proxy
      })
    }
  }
)
