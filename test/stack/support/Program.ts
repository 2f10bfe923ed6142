/**
 * A real program as a scoped resource: started, waited for, restarted and ended by its own process id.
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import * as Deadline from "./Deadline.ts"
import * as Watchdog from "./Watchdog.ts"

/** A program could not be started, ended by itself or could not be ended; the message has the end of its output. */
export class ProgramFailed extends Data.TaggedError("ProgramFailed")<{
  readonly program: string
  readonly reason: string
  readonly output: string
}> {
  override get message(): string {
    return `${this.program} ${this.reason}\n${this.output}`
  }
}

export interface Spec {
  /** The name in messages. */
  readonly name: string
  readonly path: string
  readonly args: ReadonlyArray<string>
  /** The whole environment of the program, but for PATH; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Another user to run as, where this process is root and the program refuses that. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Succeeds once the program answers. */
  readonly ready: (running: Running) => Effect.Effect<unknown, unknown>
  /** How long it may take until it answers; 60 s unless said. */
  readonly readyWithin?: Duration.Input
  /** How long it may take to end after SIGTERM before it is killed; 15 s unless said. */
  readonly stopWithin?: Duration.Input
  /** The signal that asks it to end; SIGTERM unless said. */
  readonly stopSignal?: NodeJS.Signals
}

/** One life of a program. */
export interface Running {
  readonly pid: number
  /** Everything it wrote to standard output and standard error, in the order of arrival; the end of it, if very long. */
  readonly output: () => string
  /** How it ended; undefined while it runs. */
  readonly ended: () => string | undefined
}

export interface Program {
  readonly name: string
  /** The process id of the present life. */
  readonly pid: Effect.Effect<number>
  /** The output of all lives. */
  readonly output: Effect.Effect<string>
  /** Ends it: SIGTERM, then SIGKILL after the deadline, which is a failure. Nothing to do where it has ended. */
  readonly stop: Effect.Effect<void, ProgramFailed>
  /** Ends it at once with SIGKILL, as a crash would. */
  readonly kill: Effect.Effect<void>
  /** Starts it again after `stop` or `kill`, with the same arguments, ports and folders; ready when it returns. */
  readonly start: Effect.Effect<void, ProgramFailed>
  /** `stop`, then `start`: what it keeps on disk is there again. */
  readonly restart: Effect.Effect<void, ProgramFailed>
  /** Completes when the program has ended by itself or by a signal, with the exit code or the signal's name. */
  readonly ended: Effect.Effect<string>
}

const maxOutput = 2_000_000
const shownOutput = 6000

class Life implements Running {
  readonly child: ChildProcess
  readonly pid: number
  #chunks: Array<string> = []
  #size = 0
  #ended: string | undefined
  readonly closed: Promise<void>

  constructor(child: ChildProcess, pid: number) {
    this.child = child
    this.pid = pid
    const keep = (chunk: string) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      if (this.#size > maxOutput) {
        const end = this.#chunks.join("").slice(-maxOutput / 2)
        this.#chunks = [end]
        this.#size = end.length
      }
    }
    child.stdout?.setEncoding("utf8").on("data", keep)
    child.stderr?.setEncoding("utf8").on("data", keep)
    Watchdog.keep("pid", pid)
    child.once("exit", () => Watchdog.drop("pid", pid))
    this.closed = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#ended = signal ?? String(code)
        resolve()
      })
    })
  }

  output = (): string => this.#chunks.join("")
  ended = (): string | undefined => this.#ended
}

interface Known {
  readonly name: string
  readonly lives: Array<Life>
  over: boolean
}

const known = new Set<Known>()

const outputOf = ({ lives }: Known): string => lives.map((life) => life.output()).join("\n-- restarted --\n")

/**
 * What every program has written since it was started, for the report of a failed test; programs whose scope is closed
 * are forgotten after it.
 */
export const report = (): string => {
  const parts: Array<string> = []
  for (const program of known) {
    const output = outputOf(program)
    parts.push(`--- ${program.name}: the end of its output\n${output.slice(-shownOutput)}`)
  }
  forget()
  return parts.join("\n")
}

/** Forgets the programs whose scope is closed. */
export const forget = (): void => {
  for (const program of known) if (program.over) known.delete(program)
}

const failure = (spec: Spec, life: Running | undefined, reason: string): ProgramFailed =>
  new ProgramFailed({ program: spec.name, reason, output: life?.output().slice(-shownOutput) ?? "" })

const spawned = (spec: Spec): Effect.Effect<Life, ProgramFailed> =>
  Effect.callback((resume) => {
    const child = spawn(spec.path, spec.args, {
      env: { PATH: process.env["PATH"] ?? "", ...spec.env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...spec.user
    })
    child.once("error", (error) =>
      resume(Effect.fail(failure(spec, undefined, `could not be started: ${error.message}`))))
    child.once("spawn", () =>
      resume(Effect.succeed(new Life(child, child.pid ?? 0))))
  })

const killed = (life: Life): Effect.Effect<void> =>
  Effect.promise(() => {
    if (life.ended() === undefined) life.child.kill("SIGKILL")
    return life.closed
  })

const stopped = (spec: Spec, life: Life): Effect.Effect<void, ProgramFailed> =>
  Effect.suspend(() => {
    if (life.ended() !== undefined) return Effect.void
    life.child.kill(spec.stopSignal ?? "SIGTERM")
    return Effect.promise(() => life.closed).pipe(
      Effect.timeoutOrElse({
        duration: spec.stopWithin ?? "15 seconds",
        orElse: () => Effect.andThen(killed(life), Effect.fail(failure(spec, life, "did not end and was killed")))
      })
    )
  })

const awaited = (spec: Spec, life: Life): Effect.Effect<void, ProgramFailed> =>
  Effect.raceFirst(
    Deadline.eventually(Effect.suspend(() => spec.ready(life)), {
      what: "its health",
      within: spec.readyWithin ?? "60 seconds",
      every: "50 millis"
    }).pipe(
      Effect.asVoid,
      Effect.mapError((late) => failure(spec, life, `was not ready: ${late.message}`))
    ),
    Effect.promise(() => life.closed).pipe(
      Effect.flatMap(() => Effect.fail(failure(spec, life, `ended by itself (${life.ended()})`)))
    )
  )

/** Starts a program and waits until it is ready; it is ended with the scope. */
export const start = (spec: Spec): Effect.Effect<Program, ProgramFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const record: Known = { name: spec.name, lives: [], over: false }
    known.add(record)
    const current = yield* Ref.make<Life | undefined>(undefined)
    const begin = Effect.uninterruptible(
      Effect.gen(function*() {
        const life = yield* spawned(spec)
        record.lives.push(life)
        yield* Ref.set(current, life)
        return life
      })
    )
    const life = Effect.flatMap(Ref.get(current), (life) =>
      life === undefined ? Effect.die(new Error(`${spec.name} was never started`)) : Effect.succeed(life))
    yield* Effect.addFinalizer((exit) =>
      Ref.get(current).pipe(
        Effect.flatMap((life) => {
          if (life === undefined) {
            return Effect.void
          }
          return Exit.isSuccess(exit) ? Effect.orDie(stopped(spec, life)) : Effect.ignore(stopped(spec, life))
        }),
        Effect.ensuring(Effect.sync(() => {
          record.over = true
        }))
      )
    )
    const program: Program = {
      name: spec.name,
      pid: Effect.map(life, ({ pid }) =>
        pid),
      output: Effect.sync(() => outputOf(record)),
      stop: Effect.flatMap(life, (life) => stopped(spec, life)),
      kill: Effect.flatMap(life, killed),
      start: Effect.flatMap(begin, (life) => awaited(spec, life)),
      restart: Effect.suspend(() => Effect.andThen(program.stop, program.start)),
      ended: Effect.flatMap(life, (life) => Effect.promise(() => life.closed.then(() => life.ended() ?? "")))
    }
    yield* program.start
    return program
  })
