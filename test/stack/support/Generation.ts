/**
 * Another generation of what Prometheus and Alertmanager read, from other settings than the committed one; laid out for
 * `Stack.make({ files })`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { groups } from "../../../src/dawsos/mixin/alerts.ts"
import { routingFile } from "../../../src/dawsos/mixin/routing.ts"
import { scrapingFile } from "../../../src/dawsos/mixin/scraping.ts"
import type { Settings } from "../../../src/dawsos/mixin/Settings.ts"
import type { File } from "../../../src/mixin/File.ts"
import * as RulesFile from "../../../src/mixin/RulesFile.ts"
import * as Stack from "./Stack.ts"

/** The files of these settings, by their path below `observability/`. */
export const files = (settings: Settings): ReadonlyArray<File> => [
  {
    path: "prometheus/alerts.yml",
    content: RulesFile.text(groups(settings), { ...settings, header: "Generated for a test." })
  },
  scrapingFile(settings),
  routingFile(settings)
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
