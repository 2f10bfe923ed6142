// This package as its users install it: compiled, in a folder of its own. The repository runs from TypeScript, whose
// types Node takes out of each file at each start.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Bundle from "../../scripts/build/Bundle.ts"
import * as Manifest from "../../scripts/Manifest.ts"
import * as Process from "../../scripts/Process.ts"

/** A folder with programs that find the package in it, with all that both of them need. */
export interface Compiled {
  readonly folder: string
  readonly remove: () => void
}

const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value))

const link = (name: string, modules: string): void => {
  const path = Path.join(modules, name)
  mkdirSync(Path.dirname(path), { recursive: true })
  symlinkSync(Path.join(Process.root, "node_modules", name), path)
}

/** Makes it with the programs of a folder of this repository, which import nothing of it but one another. */
export const make = async (programs: string): Promise<Compiled> => {
  const folder = mkdtempSync(Path.join(tmpdir(), "bench-package-"))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const manifest = Manifest.read(Process.root)
    const modules = Path.join(folder, "node_modules")
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) link(name, modules)
    const own = Path.join(modules, manifest.name)
    const { code, output } = await Bundle.write(manifest, own)
    if (code !== 0) throw new Error(`the package could not be compiled:\n${output}`)
    json(Path.join(own, "package.json"), Manifest.ofPackage(manifest))
    json(Path.join(folder, "package.json"), { name: "host", private: true, type: "module" })
    for (const file of readdirSync(Path.join(Process.root, programs))) {
      const text = stripTypeScriptTypes(readFileSync(Path.join(Process.root, programs, file), "utf8"))
      writeFileSync(
        Path.join(folder, file.replace(/\.ts$/, ".js")),
        text.replaceAll(/( "\.\/\w+)\.ts"/g, "$1.js\"")
      )
    }
    return { folder, remove }
  } catch (error) {
    remove()
    throw error
  }
}
