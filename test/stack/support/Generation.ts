/**
 * Another generation of what Prometheus and Alertmanager read, from other settings than the committed one; laid out for
 * `Stack.make({ files })`.
 */
import { groups, routing, scraping, type Settings } from "@dawsos/observability/dawsos/mixin"
import { Alertmanager, type File, PrometheusConfig, RulesFile } from "@dawsos/observability/mixin"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Stack from "./Stack.ts"

/** The files of these settings, by their path below `observability/`. */
export const files = (settings: Settings): ReadonlyArray<File> => [
  {
    path: "prometheus/alerts.yml",
    content: RulesFile.text(groups(settings), { ...settings, header: "Generated for a test." })
  },
  { path: "prometheus/prometheus.yml", content: PrometheusConfig.render(scraping(settings)) },
  { path: "alertmanager/alertmanager.yml", content: Alertmanager.render(routing(settings)) }
]

/** Writes them into a folder of their own, which goes with the scope. */
export const make = (
  settings: Settings
): Effect.Effect<Readonly<Record<string, string>>, never, Scope.Scope> =>
  Effect.map(Stack.temporaryFolder("generation"), (folder) => {
    const mounted = new Set<string>()
    for (const { content, path } of files(settings)) {
      const target = Path.join(folder, path)
      mkdirSync(Path.dirname(target), { recursive: true })
      writeFileSync(target, content)
      mounted.add(Path.dirname(path))
    }
    return Object.fromEntries([...mounted].map((name) => [`observability/${name}`, Path.join(folder, name)]))
  })
