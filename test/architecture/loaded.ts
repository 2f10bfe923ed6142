// Imports one entry point in a process of its own and tells what that did: the modules loaded and what it left open.
import { registerHooks } from "node:module"

const open = () => ({
  resources: process.getActiveResourcesInfo().toSorted(),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`).toSorted()
})

const urls: Array<string> = []
registerHooks({
  load: (url, context, next) => {
    urls.push(url)
    return next(url, context)
  }
})

const [entry] = process.argv.slice(2)
if (entry === undefined) throw new Error("which entry point?")
const before = open()
await import(entry)
await new Promise((resolve) => setImmediate(resolve))
const after = open()

process.stdout.write(JSON.stringify({ before, after, urls }))
