// What a user of the published package runs to generate monitoring; the build runs it against the packed tarball.
import { files } from "@dawsos/observability/dawsos/mixin"
import { type File, Monitoring } from "@dawsos/observability/mixin"
import { mkdirSync, writeFileSync } from "node:fs"
import * as Path from "node:path"

export const generate: (parts: Monitoring.Parts) => Promise<ReadonlyArray<File>> = Monitoring.files

for (const { content, path } of await files()) {
  const target = Path.join("observability", path)
  mkdirSync(Path.dirname(target), { recursive: true })
  writeFileSync(target, content)
}
