/**
 * The name under which a span of Effect's own modules leaves.
 *
 * Effect names a span when it begins: a server's by its method, a statement's by its database. The route, the operation
 * and the table are known later, as attributes, and OpenTelemetry's semantic conventions want them in the name. A name
 * that somebody chose stays as it is.
 */
import { remembering } from "../scrubber/Memory.ts"

/** How many methods and operations are remembered, with how many routes and tables each, and how long they may be. */
const [mostFirst, mostSecond, longest] = [32, 128, 200]

// Joined anew it would be another text each time, whose characters are read where it is looked up.
const joined = remembering(
  (first) => remembering((second) => `${first} ${second}`, mostSecond, longest),
  mostFirst,
  longest
)

/** Whether the attribute of this key may decide on a name: without one of these a span keeps the name that it has. */
export const decides = (key: unknown): boolean => key === "http.route" || key === "effect.sql.method"

/** What the conventions would call a span, else the name that it has. */
export const conventional = (name: string, attribute: (key: string) => unknown): string => {
  const route = attribute("http.route")
  if (typeof route === "string" && name === attribute("http.request.method")) return joined(name)(route)
  const operation = attribute("db.operation.name")
  // Only statements of Effect's SQL client carry the first of these.
  if (attribute("effect.sql.method") === undefined || typeof operation !== "string") return name
  const table = attribute("db.collection.name")
  return typeof table === "string" ? joined(operation)(table) : operation
}
