/**
 * The compose file as the Compose project itself reads it: every form normalised, variables filled in, paths absolute.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import * as Path from "node:path"
import * as Tool from "./Tool.ts"

/** The root of the repository. */
export const root = Path.resolve(import.meta.dirname, "../../..")

/** Where the compose file looks for secrets; whatever a developer keeps there is not for tests. */
export const secretsFolder = "observability/secrets"

/** The committed compose file. */
export const file = Path.join(root, "docker-compose.observability.yml")

/** The compose file is refused, or lacks what was asked for; the message is the Compose project's own. */
export class ComposeRefused extends Data.TaggedError("ComposeRefused")<{ readonly message: string }> {}

const Mount = Schema.Struct({
  type: Schema.String,
  source: Schema.optionalKey(Schema.String),
  target: Schema.String,
  read_only: Schema.optionalKey(Schema.Boolean)
})

const Port = Schema.Struct({
  target: Schema.Number,
  published: Schema.optionalKey(Schema.String),
  host_ip: Schema.optionalKey(Schema.String),
  protocol: Schema.optionalKey(Schema.String)
})

const SecretUse = Schema.Struct({ source: Schema.String, target: Schema.optionalKey(Schema.String) })

const Healthcheck = Schema.Struct({ test: Schema.Array(Schema.String) })

const nullableArray = Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String)))

const Service = Schema.Struct({
  image: Schema.optionalKey(Schema.String),
  command: nullableArray,
  entrypoint: nullableArray,
  environment: Schema.optionalKey(Schema.Record(Schema.String, Schema.NullOr(Schema.String))),
  volumes: Schema.optionalKey(Schema.Array(Mount)),
  tmpfs: nullableArray,
  ports: Schema.optionalKey(Schema.Array(Port)),
  secrets: Schema.optionalKey(Schema.Array(SecretUse)),
  configs: Schema.optionalKey(Schema.Array(SecretUse)),
  healthcheck: Schema.optionalKey(Healthcheck),
  stop_grace_period: Schema.optionalKey(Schema.String)
})

const File = Schema.Struct({ file: Schema.optionalKey(Schema.String) })

const Document = Schema.Struct({
  services: Schema.Record(Schema.String, Service),
  secrets: Schema.optionalKey(Schema.Record(Schema.String, File)),
  configs: Schema.optionalKey(Schema.Record(Schema.String, File)),
  volumes: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

export type Service = typeof Service.Type
export type Compose = typeof Document.Type

/** Reads a compose file; `environment` is what its variables are filled in from. */
export const load = (
  path: string = file,
  environment: Readonly<Record<string, string>> = {}
): Effect.Effect<Compose, ComposeRefused | Tool.ToolMissing> =>
  Effect.gen(function*() {
    const program = yield* Tool.path("docker-compose")
    const { error, status, stderr, stdout } = spawnSync(
      program,
      ["-f", path, "--project-name", "stack", "--profile", "*", "config", "--format", "json"],
      { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "", HOME: Path.dirname(path), ...environment } }
    )
    if (status !== 0) {
      return yield* new ComposeRefused({ message: `${path}: ${error?.message ?? stderr.trim()}` })
    }
    return yield* Schema.decodeUnknownEffect(Document)(JSON.parse(stdout)).pipe(
      Effect.mapError((problem) => new ComposeRefused({ message: `${path}: ${problem.message}` }))
    )
  })

/** A service by its name. */
export const service = (compose: Compose, name: string): Effect.Effect<Service, ComposeRefused> => {
  const found = compose.services[name]
  return found === undefined
    ? Effect.fail(
      new ComposeRefused({
        message: `no service named ${name}; there are: ${Object.keys(compose.services).join(", ")}`
      })
    )
    : Effect.succeed(found)
}
