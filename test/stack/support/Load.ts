/** The traffic of the reference program from outside of it, counted by whoever sends it. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { round } from "../../../examples/dawsos/load/Traffic.ts"
import type * as Backend from "./Backend.ts"

/** A call that was sent, and what came back. */
export interface Sent {
  readonly method: string
  readonly path: string
  /** The pattern of a call that executes one. */
  readonly pattern: string | undefined
  /** 0 where there was no answer. */
  readonly status: number
  /** Unix seconds at the start. */
  readonly at: number
  /** Seconds from the start to the end of the answer. */
  readonly seconds: number
}

export interface Load {
  /** Everything that has been answered so far, in that order. */
  readonly sent: () => ReadonlyArray<Sent>
  /** No further calls; completes when those under way are answered. */
  readonly stop: Effect.Effect<void>
}

export interface Options {
  /** Calls per second; 8 unless said, as the reference program's own traffic. */
  readonly rate?: number
  /** What is called, again and again; the reference program's own round unless said. */
  readonly calls?: ReadonlyArray<Backend.Call>
}

const patternOf = (body: unknown): string | undefined =>
  typeof body === "object" && body !== null && "pattern_id" in body ? String(body.pattern_id) : undefined

/** Calls the API at a steady rate until `stop` or the end of the scope. */
export const start = (backend: Backend.Backend, options: Options = {}): Effect.Effect<Load, never, Scope.Scope> =>
  Effect.gen(function*() {
    const calls = options.calls ?? round
    const sent: Array<Sent> = []
    let next = 0
    const open = new Set<number>()
    let stopped = false
    const one = Effect.gen(function*() {
      const number = next++
      const call = calls[number % calls.length]
      if (call === undefined || stopped) return
      open.add(number)
      const at = yield* Clock.currentTimeMillis
      const status = yield* backend.call(call).pipe(
        Effect.map((answer) => answer.status),
        Effect.catch(() => Effect.succeed(0)),
        Effect.ensuring(Effect.sync(() => open.delete(number)))
      )
      const now = yield* Clock.currentTimeMillis
      sent.push({
        method: call.method,
        path: call.path,
        pattern: patternOf(call.body),
        status,
        at: at / 1000,
        seconds: (now - at) / 1000
      })
    })
    yield* Effect.forkScoped(one).pipe(
      Effect.repeat(Schedule.spaced(Duration.millis(1000 / (options.rate ?? 8)))),
      Effect.forkScoped
    )
    return {
      sent: () => [...sent],
      stop: Effect.gen(function*() {
        stopped = true
        while (open.size > 0) yield* Effect.sleep("20 millis")
      })
    }
  })
