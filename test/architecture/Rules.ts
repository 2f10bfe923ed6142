// Who may import whom, as data. Each rule brings a project that breaks it, so that a rule which can't fail is found out.
import * as Imports from "./Imports.ts"

export interface Rule {
  readonly sentence: string
  readonly violations: (project: Imports.Project) => ReadonlyArray<string>
  /** Files that break the rule, in exactly the places named by `violation`. */
  readonly broken: Readonly<Record<string, string>>
  readonly violation: ReadonlyArray<string>
}

const within = (path: string, ...places: ReadonlyArray<string>): boolean =>
  places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place)

const show = (found: Imports.Import): string => `${found.from} imports ${found.specifier ?? "a computed name"}`

/** A rule that looks at one import at a time. */
const each = (
  folders: ReadonlyArray<string>,
  forbidden: (found: Imports.Import, project: Imports.Project) => boolean
): Rule["violations"] =>
(project) =>
  [...project.files]
    .filter(([path]) => within(path, ...folders))
    .flatMap(([, imports]) => imports)
    .filter((found) => forbidden(found, project))
    .map(show)

const entriesOf = ({ manifest }: Imports.Project): ReadonlyArray<string> =>
  Object.values(manifest.exports).map(({ source }) => source.replace(/^\.\//, ""))

const mixins = ["src/mixin/", "src/dawsos/mixin/"]

const rooms = ["src/tracing/", "src/metrics/", "src/errors/", "src/logging/"]

/** Recording, and what it stands on: whatever stands here is in every program, the live layer or none above it. */
const observing = [
  "src/Observation.ts",
  "src/observation/",
  "src/instrument/",
  "src/Boundary.ts",
  "src/Guard.ts",
  "src/Recorder.ts"
]

interface Vendor {
  readonly packages: RegExp
  /** The only folder of `src` that may import them. */
  readonly folder: string
}

/** Those of the signals: loaded when a signal is on, never before. */
const vendors: ReadonlyArray<Vendor> = [
  { packages: /^(@opentelemetry\/|@effect\/opentelemetry$)/, folder: "src/tracing/" },
  { packages: /^prom-client$/, folder: "src/metrics/" },
  { packages: /^@sentry\//, folder: "src/errors/" }
]

/** What generates and lints the monitoring: loaded by those who import it. */
const monitoring: Vendor = { packages: /^(@grafana\/|@prometheus-io\/|@lezer\/|yaml$)/, folder: "src/mixin/" }

export const isVendor = (name: string): boolean => vendors.some(({ packages }) => packages.test(name))

export const isMonitoring = (name: string): boolean => monitoring.packages.test(name)

/** The entry points that make monitoring; programs that only observe import the others. */
export const makesMonitoring = (entry: string): boolean => /(^|\/)mixin(\/|$)/.test(entry)

export const rules: ReadonlyArray<Rule> = [
  {
    sentence: "tracing, metrics, errors and logging never import one another",
    violations: each(rooms, ({ file, from }) => {
      const own = rooms.find((room) => within(from, room))
      return file !== undefined && rooms.some((room) => room !== own && within(file, room))
    }),
    broken: {
      "src/errors/Reporter.ts": `import type { Span } from "../tracing/Span.ts"\nimport "./Own.ts"`,
      "src/logging/Line.ts":
        `type Cell = import("../metrics/Cell.ts").Cell\nconst late = import("../errors/Reporter.ts")`
    },
    violation: [
      "src/errors/Reporter.ts imports ../tracing/Span.ts",
      "src/logging/Line.ts imports ../metrics/Cell.ts",
      "src/logging/Line.ts imports ../errors/Reporter.ts"
    ]
  },
  {
    sentence:
      "Observation, instrument and what they stand on know Effect and the Metrics service, no vendor and nothing of DawsOS",
    violations: each(observing, (found) => {
      if (found.package !== undefined) return found.package !== "effect"
      if (found.file === undefined) return found.specifier === undefined
      if (found.file === "src/metrics/Metrics.ts") return false
      return found.byName || within(
        found.file,
        ...rooms,
        "src/dawsos/",
        "src/testing/",
        "src/mixin/",
        "src/Observability.ts",
        "src/ObservabilityConfig.ts",
        "src/index.ts"
      )
    }),
    broken: {
      "src/Observation.ts": `import * as Effect from "effect/Effect"\nimport { trace } from "@opentelemetry/api"`,
      "src/instrument/Sql.ts":
        `import * as Metrics from "../metrics/Metrics.ts"\nimport * as Cell from "../metrics/Cell.ts"\n` +
        `import { metrics } from "../dawsos/Metrics.ts"`,
      "src/observation/GuardedSpan.ts": `import type { Span } from "@opentelemetry/api"`,
      "src/Boundary.ts": `import * as Guard from "./Guard.ts"\nimport { captureException } from "@sentry/node"`,
      "src/Guard.ts": `import { ErrorTracking } from "./errors/ErrorTracking.ts"`,
      "src/Recorder.ts": `import * as Metrics from "./metrics/Metrics.ts"\nimport { known } from "./dawsos/known.ts"`
    },
    violation: [
      "src/Observation.ts imports @opentelemetry/api",
      "src/instrument/Sql.ts imports ../metrics/Cell.ts",
      "src/instrument/Sql.ts imports ../dawsos/Metrics.ts",
      "src/observation/GuardedSpan.ts imports @opentelemetry/api",
      "src/Boundary.ts imports @sentry/node",
      "src/Guard.ts imports ./errors/ErrorTracking.ts",
      "src/Recorder.ts imports ./dawsos/known.ts"
    ]
  },
  {
    sentence: "delivery is plain reckoning that every room may use: it imports nothing but its own",
    violations: each(
      ["src/delivery/"],
      ({ file, specifier }) => specifier === undefined || file === undefined || !within(file, "src/delivery/")
    ),
    broken: {
      "src/delivery/Circuit.ts": `import * as Backoff from "./Backoff.ts"\nimport * as Effect from "effect/Effect"\n` +
        `import * as Timers from "../tracing/Timers.ts"\nimport { performance } from "node:perf_hooks"`
    },
    violation: [
      "src/delivery/Circuit.ts imports effect/Effect",
      "src/delivery/Circuit.ts imports ../tracing/Timers.ts",
      "src/delivery/Circuit.ts imports node:perf_hooks"
    ]
  },
  {
    sentence: "a vendor's SDK is imported in one folder of src only",
    violations: each(["src/"], (found) => {
      const name = found.package
      const all = [...vendors, monitoring]
      const vendor = name === undefined ? undefined : all.find(({ packages }) => packages.test(name))
      return vendor !== undefined && !within(found.from, vendor.folder)
    }),
    broken: {
      "src/tracing/Sink.ts": `import { trace } from "@opentelemetry/api"\nimport { Registry } from "prom-client"`,
      "src/Observability.ts": `const sentry = import("@sentry/node")`,
      "src/logging/Late.ts": `const sdk = () => require("@opentelemetry/sdk-trace-node")`,
      "src/testing/TestTracing.ts": `import type { Span } from "@opentelemetry/sdk-trace-node"`,
      "src/mixin/Lint.ts": `import { parse } from "yaml"\nimport { parser } from "@prometheus-io/lezer-promql"`,
      "src/dawsos/mixin/Panels.ts": `import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard"\n` +
        `import { parse } from "yaml"\nimport { parser } from "@prometheus-io/lezer-promql"`
    },
    violation: [
      "src/tracing/Sink.ts imports prom-client",
      "src/Observability.ts imports @sentry/node",
      "src/logging/Late.ts imports @opentelemetry/sdk-trace-node",
      "src/testing/TestTracing.ts imports @opentelemetry/sdk-trace-node",
      "src/dawsos/mixin/Panels.ts imports @grafana/grafana-foundation-sdk/dashboard",
      "src/dawsos/mixin/Panels.ts imports yaml",
      "src/dawsos/mixin/Panels.ts imports @prometheus-io/lezer-promql"
    ]
  },
  {
    sentence: "importing an entry point loads no vendor's SDK: the way to each leads through an import()",
    violations: (project) =>
      entriesOf(project).flatMap((entry) => {
        const loaded = Imports.loadedBy(project, entry)
        return [...loaded.keys()].flatMap((path) =>
          (project.files.get(path) ?? []).flatMap((found) => {
            if (found.kind !== "value" || found.package === undefined || !isVendor(found.package)) return []
            return [`${Imports.wayTo(path, loaded).join(" → ")} → ${found.specifier}`]
          })
        )
      }),
    broken: {
      "src/index.ts": `export * as Tracing from "./tracing/Tracing.ts"`,
      "src/tracing/Tracing.ts": `import type { Late } from "./Late.ts"\nimport { type Eager } from "./Eager.ts"\n` +
        `const late = () => import("./Late.ts")`,
      "src/tracing/Late.ts": `import "@opentelemetry/sdk-trace-node"`,
      "src/tracing/Eager.ts": `import "@opentelemetry/sdk-trace-node"`
    },
    violation: ["src/index.ts → src/tracing/Tracing.ts → src/tracing/Eager.ts → @opentelemetry/sdk-trace-node"]
  },
  {
    sentence:
      "a program that only observes needs no optional peer, not even for types, and nothing that makes monitoring",
    violations: (project) =>
      Object.entries(project.manifest.exports).filter(([name]) => !makesMonitoring(name)).flatMap(([, { source }]) => {
        const needed = Imports.neededBy(project, source.replace(/^\.\//, ""))
        return [...needed.keys()].flatMap((path) => {
          const way = Imports.wayTo(path, needed).join(" → ")
          const peers = (project.files.get(path) ?? []).flatMap(({ package: name }) =>
            name !== undefined && project.manifest.peerDependenciesMeta[name]?.optional === true
              ? [`${way} → ${name}`]
              : []
          )
          return within(path, ...mixins) ? [way, ...peers] : peers
        })
      }),
    broken: {
      "src/index.ts": `export * as Catalogue from "./Catalogue.ts"`,
      "src/Catalogue.ts": `import type { Label } from "./Label.ts"`,
      "src/Label.ts": `import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard"`,
      "src/testing/index.ts": `const late = () => import("../mixin/Lint.ts")`,
      "src/mixin/Lint.ts": `import { parse } from "yaml"\nimport { other } from "@opentelemetry/api"`,
      "src/mixin/index.ts": `import { parse } from "yaml"`
    },
    violation: [
      "src/index.ts → src/Catalogue.ts → src/Label.ts → @grafana/grafana-foundation-sdk",
      "src/testing/index.ts → src/mixin/Lint.ts",
      "src/testing/index.ts → src/mixin/Lint.ts → yaml"
    ]
  },
  {
    sentence: "dawsos imports public modules only",
    violations: each(["src/dawsos/"], ({ file, from }, project) => {
      if (file === undefined || within(file, "src/dawsos/")) return false
      if (within(from, "src/dawsos/mixin/") && within(file, "src/mixin/")) return false
      const entries = entriesOf(project).filter((entry) => !within(entry, "src/dawsos/"))
      return !Imports.publicFiles(project, entries).has(file)
    }),
    broken: {
      "src/index.ts": `export * as Catalogue from "./Catalogue.ts"`,
      "src/dawsos/Metrics.ts": `import * as Catalogue from "../Catalogue.ts"\nimport { Metrics } from "../index.ts"\n` +
        `import { guard } from "../Guard.ts"`
    },
    violation: ["src/dawsos/Metrics.ts imports ../Guard.ts"]
  },
  {
    sentence: "nothing outside dawsos imports dawsos",
    violations: each(
      ["src/"],
      ({ file, from }) => file !== undefined && within(file, "src/dawsos/") && !within(from, "src/dawsos/")
    ),
    broken: {
      "src/testing/TestMetrics.ts": `import type { Metric } from "@dawsos/observability/dawsos"`,
      "src/mixin/Lint.ts":
        `import { catalogue } from "../dawsos/metrics.ts"\nconst late = import("../dawsos/mixin/x.ts")`
    },
    violation: [
      "src/testing/TestMetrics.ts imports @dawsos/observability/dawsos",
      "src/mixin/Lint.ts imports ../dawsos/metrics.ts",
      "src/mixin/Lint.ts imports ../dawsos/mixin/x.ts"
    ]
  },
  {
    sentence: "nothing outside mixin imports mixin, so that dashboards and their SDK load only for those who ask",
    violations: each(["src/"], ({ file, from }) => {
      return file !== undefined && within(file, ...mixins) && !within(from, ...mixins)
    }),
    broken: { "src/dawsos/index.ts": `export * from "./mixin/Dashboards.ts"` },
    violation: ["src/dawsos/index.ts imports ./mixin/Dashboards.ts"]
  },
  {
    sentence: "src imports declared dependencies and peers only, so testing has no vitest and no fast-check inside",
    violations: each(["src/"], (found, { manifest }) =>
      found.package !== undefined &&
      manifest.dependencies[found.package] === undefined &&
      manifest.peerDependencies[found.package] === undefined),
    broken: {
      "src/testing/TestTracing.ts": `import { expect } from "vitest"\nimport type * as FastCheck from "fast-check"\n` +
        `import * as Effect from "effect/Effect"\nimport * as Http from "node:http"`
    },
    violation: ["src/testing/TestTracing.ts imports vitest", "src/testing/TestTracing.ts imports fast-check"]
  },
  {
    sentence: "src imports the modules of effect one by one, since the whole of it takes four times as long to load",
    violations: each(["src/"], ({ kind, specifier }) => kind !== "type" && specifier === "effect"),
    broken: { "src/Guard.ts": `import { Effect } from "effect"\nimport type { Scope } from "effect"` },
    violation: ["src/Guard.ts imports effect"]
  },
  {
    sentence: "src names what it loads: only an optional peer is imported under a computed name, in errors",
    violations: each(
      ["src/"],
      ({ from, kind, specifier }) => kind === "dynamic" && specifier === undefined && !within(from, "src/errors/")
    ),
    broken: {
      "src/errors/Profiling.ts": `const profiling = (name: string) => import(name)`,
      "src/tracing/Late.ts": `const late = (name: string) => import(name)`
    },
    violation: ["src/tracing/Late.ts imports a computed name"]
  },
  {
    sentence: "src imports nothing of examples, test or scripts",
    violations: each(["src/"], ({ file }) => file !== undefined && !within(file, "src/")),
    broken: { "src/Guard.ts": `import { run } from "../scripts/Process.ts"` },
    violation: ["src/Guard.ts imports ../scripts/Process.ts"]
  },
  {
    sentence: "examples import the package by its name only, as a user does",
    violations: each(
      ["examples/"],
      ({ byName, file, specifier }, { manifest }) =>
        byName ? file === undefined : file !== undefined && !within(file, "examples/") ||
          specifier?.startsWith(`${manifest.name}/src`) === true
    ),
    broken: {
      "examples/dawsos/main.ts": `import * as DawsOs from "@dawsos/observability/dawsos"\nimport "./Api.ts"\n` +
        `import { guard } from "../../src/Guard.ts"\nimport "@dawsos/observability/src/Guard"`
    },
    violation: [
      "examples/dawsos/main.ts imports ../../src/Guard.ts",
      "examples/dawsos/main.ts imports @dawsos/observability/src/Guard"
    ]
  },
  {
    sentence: "a test imports what an entry point exports by the name of the package",
    violations: each(
      ["test/"],
      ({ byName, file, names }, project) => {
        if (byName || file === undefined) return false
        const published = Imports.published(project, entriesOf(project))
        const own = published.get(file)
        if (!published.has(file)) return false
        return own === undefined || names?.some((name) => own.has(name)) === true
      }
    ),
    broken: {
      "src/index.ts": `export * as Catalogue from "./Catalogue.ts"\nexport { scrub, type Policy } from "./Scrubber.ts"`,
      "test/Catalogue.test.ts":
        `import * as Catalogue from "../src/Catalogue.ts"\nimport * as Guard from "../src/Guard.ts"`,
      "test/Scrubber.test.ts": `import { ofKeys, scrub } from "../src/Scrubber.ts"\n` +
        `import { ofUrls } from "../src/Scrubber.ts"\nimport type { Policy } from "../src/Scrubber.ts"`
    },
    violation: [
      "test/Catalogue.test.ts imports ../src/Catalogue.ts",
      "test/Scrubber.test.ts imports ../src/Scrubber.ts",
      "test/Scrubber.test.ts imports ../src/Scrubber.ts"
    ]
  }
]
