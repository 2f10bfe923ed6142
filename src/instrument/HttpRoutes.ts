/**
 * The routes of an Effect HTTP router as templates, noted in the boundary of the request that they serve.
 *
 * Effect tells the route on sampled spans only, and its middleware can't see it: the router's own handlers note it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Boundary from "../Boundary.ts"
import * as Guard from "../Guard.ts"
import * as Observation from "../Observation.ts"

/** The position after a parenthesis that opens at `start`, whatever is nested in it. */
const afterParenthesis = (path: string, start: number): number => {
  let depth = 0
  for (let at = start; at < path.length; at++) {
    if (path[at] === "\\") at++
    else if (path[at] === "(") depth++
    else if (path[at] === ")" && --depth === 0) return at + 1
  }
  return path.length
}

/**
 * A router's path as a route template: `/api/quotes/:symbol` becomes `/api/quotes/{symbol}`, and the pattern of a
 * parameter is left out.
 */
export const routeTemplate = (path: string): string => {
  let template = ""
  let at = 0
  while (at < path.length) {
    const char = path[at++]!
    if (char !== ":") template += char
    else if (path[at] === ":") template += path[at++]
    else {
      const name = /^[^/\-.(?:*]*/.exec(path.slice(at))?.[0] ?? ""
      at += name.length
      if (path[at] === "(") at = afterParenthesis(path, at)
      if (path[at] === "?") at++
      template += `{${name}}`
    }
  }
  return template
}

const noop = (): undefined => undefined

const memoized = <A extends object, B>(make: (a: A) => B): (a: A) => B => {
  const made = new WeakMap<A, B>()
  return (a) => {
    let b = made.get(a)
    if (b === undefined) made.set(a, b = make(a))
    return b
  }
}

// Paths are those of the routes: a program has a fixed number of them.
const templates = new Map<string, string>()
/** `routeTemplate`, remembered. */
export const templateOf = (path: string): string => {
  let template = templates.get(path)
  if (template === undefined) templates.set(path, template = routeTemplate(path))
  return template
}

/** Notes the route in the request's boundary; `fallback` is its path where a middleware has hidden it. */
const noteRoute = (
  fiber: Fiber.Fiber<unknown, unknown>,
  fallback: string | undefined
): Boundary.Boundary | undefined => {
  const boundary = Boundary.ofFiber(fiber)
  if (boundary?.kind !== "http" || boundary.route !== undefined) return boundary
  const path = Context.getOrUndefined(fiber.context, HttpRouter.RouteContext)?.route.path ?? fallback
  if (path === undefined) return boundary
  boundary.route = templateOf(path)
  boundary.operation = `${boundary.method} ${boundary.route}`
  return boundary
}

// The middleware of the server sees neither the route nor where a failure began: handlers note both.
const observeRoute = <E, R>(route: HttpRouter.Route<E, R>, path: string): HttpRouter.Route<E, R> => ({
  ...route,
  handler: Effect.withFiber((fiber) => {
    const guard = fiber.getRef(Guard.CurrentGuard)
    const boundary = guard.run("instrument", () => noteRoute(fiber, path), () => undefined)
    if (boundary === undefined) return route.handler
    return Effect.onExitPrimitive(route.handler, (exit) => {
      if (exit._tag === "Failure") {
        guard.run("instrument", () => {
          Observation.noteFailure(fiber, exit.cause, boundary.operation, boundary.span)
        }, noop)
      }
      return undefined
    })
  })
})

type GlobalMiddleware = (
  effect: Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, unknown>
) => Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, unknown>

/**
 * Notes the route on the way out, as a global middleware: a route's own middleware may answer in its handler's place.
 *
 * The router leaves the route in the fiber's context, where it can be read as long as no global middleware has put the
 * context back: so it is noted within each of them. `test/EffectInternals.test.ts` holds that it is left there.
 */
export const noting: GlobalMiddleware = (effect) =>
  Effect.withFiber((fiber) =>
    Effect.onExitPrimitive(effect, () => {
      fiber.getRef(Guard.CurrentGuard).run("instrument", () => noteRoute(fiber, undefined), noop)
      return undefined
    })
  )

const notingWithin = memoized((middleware: GlobalMiddleware): GlobalMiddleware => (effect) =>
  middleware(noting(effect))
)

type AnyRoute = HttpRouter.Route<unknown, unknown>

/** A router whose handlers note their routes; `known` hears of each one that is added. */
export const observeRouter = (
  router: HttpRouter.HttpRouter,
  known: (method: string, path: string) => void,
  prefix: string
): HttpRouter.HttpRouter => {
  const capture = (route: AnyRoute): AnyRoute => {
    const path = prefix === "" ? route.path : HttpRouter.prefixPath(route.path, prefix)
    known(route.method, path)
    return observeRoute(route, path)
  }
  const addAll = (routes: ReadonlyArray<AnyRoute>) => router.addAll(routes.map(capture))
  const add = (...args: Parameters<typeof HttpRouter.route>) => addAll([HttpRouter.route(...args) as AnyRoute])
  const addGlobalMiddleware = (middleware: GlobalMiddleware) =>
    router.addGlobalMiddleware(notingWithin(middleware) as Parameters<typeof router.addGlobalMiddleware>[0])
  return HttpRouter.HttpRouter.of({
    ...router,
    // The router's own signatures compute requirement types from the routes, which wrapping leaves as they are.
    add: add as unknown as HttpRouter.HttpRouter["add"],
    addAll: addAll as unknown as HttpRouter.HttpRouter["addAll"],
    addGlobalMiddleware: addGlobalMiddleware as unknown as HttpRouter.HttpRouter["addGlobalMiddleware"],
    prefixed: (more) =>
      observeRouter(router.prefixed(more), known, prefix === "" ? more : HttpRouter.prefixPath(more, prefix))
  })
}
