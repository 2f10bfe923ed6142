/**
 * The committed compose file as processes on this machine: a folder for each service in which its mounted files lie,
 * and free ports in place of its own.
 *
 * A stack starts nothing by itself: `Prometheus.start(stack)` and its siblings do, each ended with the scope that has
 * called it. Every test makes its own: all of them together are up within two seconds. `Jaeger.start`,
 * `Prometheus.start`, `Alertmanager.start` and `Notifications.start` are the services of the compose file;
 * `Postgres.start` and `Redis.start` stand beside it; `Backend.start` is the reference program where Prometheus looks
 * for it; `Receiver.web` listens in place of whatever notifications go to; `Load.start` sends the traffic and counts it;
 * `Deadline.eventually` waits. A started program has `restart`, `stop`, `kill` and `start`, which keep its data and its
 * ports. What the programs wrote is shown with a test that fails. Tests are `it.live`: nothing here knows a test clock.
 *
 * @example
 * it.live("HighErrorRate fires under an error storm", () =>
 *   Effect.gen(function*() {
 *     const stack = yield* Stack.make({ factor: 30 })
 *     const webhook = yield* Receiver.web({ port: Notifications.portOf(stack) })
 *     const jaeger = yield* Jaeger.start(stack)
 *     const prometheus = yield* Prometheus.start(stack)
 *     yield* Alertmanager.start(stack)
 *     const backend = yield* Backend.start(stack, { fault: "error-storm", env: jaeger.destinations.otlp })
 *     yield* backend.warm
 *     const load = yield* Load.start(backend)
 *     yield* Deadline.eventually(prometheus.firing, {
 *       what: "HighErrorRate fires",
 *       until: (names) => names.includes("HighErrorRate")
 *     })
 *     yield* webhook.first("the notification", ({ body }) => body.includes("HighErrorRate"))
 *     expect(load.sent().some(({ status }) => status === 500)).toBe(true)
 *   }))
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Compose from "./Compose.ts"
import * as Durations from "./Durations.ts"
import * as Ports from "./Ports.ts"
import * as Substitution from "./Substitution.ts"
import type * as Tool from "./Tool.ts"
import * as Watchdog from "./Watchdog.ts"

/** A service of the compose file can't be run as a process; the message says what is in the way. */
export class NotPlaced extends Data.TaggedError("NotPlaced")<{ readonly service: string; readonly message: string }> {}

export interface Options {
  /** The compose file; the committed one unless said. */
  readonly compose?: string
  /** What the compose file's variables are filled in from; nothing of this process's environment is. */
  readonly environment?: Readonly<Record<string, string>>
  /** What all durations in mounted Prometheus and Alertmanager files are divided by: 1 to 30; 1 unless said. */
  readonly factor?: number
  /**
   * Secret files by their path in `observability/secrets`, such as `alertmanager/slack_url`. There are no others: what
   * that folder holds is not for tests.
   */
  readonly secrets?: Readonly<Record<string, string>>
  /** Files of this machine in place of the committed ones, by their path from the repository's root. */
  readonly files?: Readonly<Record<string, string>>
  /** What a test changes on top in a mounted file, by its path in the container; listed among `changes` too. */
  readonly edit?: (path: string, text: string) => string
}

/** A service as it runs here. */
export interface Placed {
  readonly service: string
  /** `command` with addresses and paths replaced. */
  readonly args: ReadonlyArray<string>
  /** The address of the health check. */
  readonly health: string
  /** `stop_grace_period`: how long it may take to end. */
  readonly grace: Duration.Duration
  readonly env: Readonly<Record<string, string>>
  /** The folder that stands for the root of the container's file system. */
  readonly folder: string
  /** Where a path of the container is here. */
  readonly path: (container: string) => string
  /** Every value that differs from the committed file, by the container's path of the file. */
  readonly changes: ReadonlyMap<string, ReadonlyArray<Substitution.Change>>
}

export interface Stack {
  readonly compose: Compose.Compose
  /** A folder of this stack alone; it goes with the scope. */
  readonly folder: string
  readonly factor: number
  /** The port here of a service's port; `host` is where the program that is observed runs. The same at every call. */
  readonly port: (service: string, port: number) => number
  /** `http://127.0.0.1:…` of a service's port. */
  readonly url: (service: string, port: number) => string
  /** Lays out a service's files; the folders that stand for named volumes stay from call to call, and their data. */
  readonly place: (service: string) => Effect.Effect<Placed, NotPlaced | Compose.ComposeRefused>
}

const removeFolder = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  Watchdog.drop("folder", folder)
}

/** A folder of its own that ends with the scope; other users may pass through it, for Postgres is another user. */
export const temporaryFolder = (name: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(Path.join(Os.tmpdir(), `dawsos-${name}-`))
      Watchdog.keep("folder", folder)
      chmodSync(folder, 0o711)
      return folder
    }),
    (folder) => Effect.sync(() => removeFolder(folder))
  )

const isYaml = (path: string): boolean => /\.ya?ml$/.test(path)

const filesOf = (path: string): ReadonlyArray<string> =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => filesOf(Path.join(path, name)))
    : [path]

/** Makes a stack from the compose file. */
export const make = (
  options: Options = {}
): Effect.Effect<Stack, Compose.ComposeRefused | Tool.ToolMissing, Scope.Scope> =>
  Effect.gen(function*() {
    const composeFile = options.compose ?? Compose.file
    const compose = yield* Compose.load(composeFile, options.environment)
    const folder = yield* temporaryFolder("stack")
    const factor = options.factor ?? 1
    const durations = Durations.edit(factor)
    const root = Path.dirname(composeFile)

    // Ports are found beforehand, since replacing a text is no effect; a few more than any service has.
    const free = yield* Effect.all(Array.from({ length: 96 }, () => Ports.free), { concurrency: 8 })
    const ports = new Map<string, number>()
    const port = (service: string, container: number): number => {
      const key = `${service}:${container}`
      const given = ports.get(key) ?? free.pop()
      if (given === undefined) throw new Error(`no free port is left for ${key}`)
      ports.set(key, given)
      return given
    }

    const published = new Map<number, { readonly service: string; readonly port: number }>()
    for (const [name, service] of Object.entries(compose.services)) {
      for (const { published: outside, target } of service.ports ?? []) {
        if (outside !== undefined) published.set(Number(outside), { service: name, port: target })
      }
    }

    /** A mounted file or folder of secrets, with those of the test. */
    const layOutSecrets = (mounted: string, target: string): void => {
      const own = options.secrets?.[mounted]
      mkdirSync(own === undefined ? target : Path.dirname(target), { recursive: true })
      if (own !== undefined) writeFileSync(target, own)
      for (const [path, content] of Object.entries(options.secrets ?? {})) {
        if (path.startsWith(`${mounted}/`)) writeFileSync(Path.join(target, path.slice(mounted.length + 1)), content)
      }
    }

    const place = (name: string): Effect.Effect<Placed, NotPlaced | Compose.ComposeRefused> =>
      Effect.gen(function*() {
        const service = yield* Compose.service(compose, name)
        const rootfs = Path.join(folder, name)
        const inRootfs = (container: string): string => Path.join(rootfs, container)
        const filesFrom = (
          kind: "secrets" | "configs",
          folder: string
        ): ReadonlyArray<{ readonly target: string; readonly source: string | undefined }> =>
          (service[kind] ?? []).map(({ source, target }) => ({
            target: Path.resolve(folder, target ?? source),
            source: compose[kind]?.[source]?.file
          }))
        const files = [
          ...(service.volumes ?? []).flatMap(({ source, target, type }) => type === "bind" ? [{ source, target }] : []),
          ...filesFrom("secrets", "/run/secrets"),
          ...filesFrom("configs", "/")
        ]
        const empty = [
          ...(service.volumes ?? []).flatMap(({ target, type }) => type === "bind" ? [] : [target]),
          ...(service.tmpfs ?? []).map((entry) => entry.split(":")[0] ?? entry)
        ]
        const world: Substitution.World = {
          service: name,
          services: Object.keys(compose.services),
          published,
          port,
          mounts: [...files.map(({ target }) => target), ...empty].map((target) => ({ target, path: inRootfs(target) }))
        }
        for (const target of empty) mkdirSync(inRootfs(target), { recursive: true })
        const changes = new Map<string, ReadonlyArray<Substitution.Change>>()
        for (const { source = "", target } of files) {
          const relative = Path.relative(root, source)
          rmSync(inRootfs(target), { recursive: true, force: true })
          if (relative === Compose.secretsFolder || relative.startsWith(`${Compose.secretsFolder}/`)) {
            layOutSecrets(Path.relative(Compose.secretsFolder, relative), inRootfs(target))
            continue
          }
          const given = options.files?.[relative] ?? source
          if (!existsSync(given)) {
            return yield* new NotPlaced({ service: name, message: `${name} mounts ${given}, which is not there` })
          }
          cpSync(given, inRootfs(target), { recursive: true, dereference: true })
          for (const file of filesOf(inRootfs(target)).filter(isYaml)) {
            const container = Path.join("/", Path.relative(rootfs, file))
            const before = readFileSync(file, "utf8")
            const edit = Substitution.world(world)
            const after = Substitution.yaml(
              options.edit?.(container, before) ?? before,
              (value, keys) => edit(durations(value, keys), keys)
            )
            // A file without a change stays as it is, byte for byte.
            const differences = Substitution.changes(before, after)
            if (differences.length > 0) writeFileSync(file, after)
            changes.set(container, differences)
          }
        }
        const health = service.healthcheck?.test.find((part) => part.startsWith("http://"))
        if (health === undefined) {
          return yield* new NotPlaced({ service: name, message: `the health check of ${name} names no address` })
        }
        const environment = Object.entries(service.environment ?? {}).flatMap(([key, value]) =>
          value === null ? [] : [[key, Substitution.text(value, world)] as const]
        )
        return {
          service: name,
          args: (service.command ?? []).map((arg) => Substitution.text(arg, world)),
          health: Substitution.text(health, world),
          grace: Duration.millis(Durations.parse(service.stop_grace_period ?? "10s") ?? 10_000),
          env: Object.fromEntries(environment),
          folder: rootfs,
          path: inRootfs,
          changes
        }
      })

    return {
      compose,
      folder,
      factor,
      port,
      url: (service, number) => `http://127.0.0.1:${port(service, number)}`,
      place
    }
  })
