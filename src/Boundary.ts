/**
 * The unit of work at whose edge a failure is reported: one HTTP request, one run of a job.
 *
 * A boundary is mutable and shared by all fibers of its unit of work. It collects what an error event should tell and
 * what is not visible any more when the failure reaches the edge: the route, the breadcrumbs, the span that failed,
 * the user and tags that were set lexically around the failing code.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"

/** A step that led to an error; it leaves the process only with an error event, scrubbed. */
export interface Breadcrumb {
  readonly category: string
  readonly message: string
  readonly level: "debug" | "info" | "warning" | "error" | "fatal"
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/** A breadcrumb that is made of what it refers to once it is asked for, since most are not: most requests succeed. */
export interface LazyBreadcrumb {
  readonly toBreadcrumb: () => Breadcrumb
}

/** The user on whose behalf something runs. The id leaves the process hashed, the e-mail address only when opted in. */
export interface User {
  readonly id: string
  readonly email?: string | undefined
  readonly role?: string | undefined
}

/** What was true where a failure began: recorded by the innermost observation, user or tags around it. */
export interface FailureContext {
  readonly operation?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  readonly user?: User | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** How many breadcrumbs a boundary keeps; older ones give way. Sentry's own default is 100, half of it is ample here. */
export const maxBreadcrumbs = 50

/** How many failures of one boundary keep their context; the oldest give way, so that a job that loops stays small. */
export const maxFailures = 100

// An observation that knows no user must not hide the one that is known further out.
const definedIn = (context: FailureContext): FailureContext => {
  const defined: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(context)) {
    if (value !== undefined) defined[key] = value
  }
  return defined
}

const makeRoom = (map: Map<unknown, unknown>): void => {
  if (map.size < maxFailures) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

/**
 * One request or one run of a job.
 *
 * Made by the HTTP server instrumentation for each request and by `ErrorTracking.withBoundary` for a job; read by the
 * error reporter.
 */
export class Boundary {
  readonly kind: "http" | "job"
  /** The job's name, or the method of the request until its route is known. */
  operation: string
  method: string | undefined
  /** The route template, never the raw path. */
  route: string | undefined
  requestId: string | undefined
  user: User | undefined
  /** The span of the boundary itself. */
  span: Tracer.AnySpan | undefined
  /** The request, or the one inside which a job runs: tells both from a context captured before any request. */
  readonly source: object | undefined
  /** Failures that were reported already, with the ids of their events, so that one failure gives one event. */
  readonly reported = new Map<unknown, string>()
  readonly #failures = new Map<unknown, FailureContext>()
  // A ring once it is full, which begins with the oldest.
  readonly #breadcrumbs: Array<Breadcrumb | LazyBreadcrumb> = []
  #oldest = 0

  constructor(kind: "http" | "job", operation: string, source?: object | undefined) {
    this.kind = kind
    this.operation = operation
    this.source = source
  }

  /** Adds a breadcrumb; the oldest gives way when there are more than `maxBreadcrumbs`. */
  addBreadcrumb(breadcrumb: Breadcrumb | LazyBreadcrumb): void {
    if (this.#breadcrumbs.length < maxBreadcrumbs) {
      this.#breadcrumbs.push(breadcrumb)
      return
    }
    this.#breadcrumbs[this.#oldest] = breadcrumb
    this.#oldest = (this.#oldest + 1) % maxBreadcrumbs
  }

  /** The breadcrumbs so far, the oldest first. */
  get breadcrumbs(): ReadonlyArray<Breadcrumb> {
    return [...this.#breadcrumbs.slice(this.#oldest), ...this.#breadcrumbs.slice(0, this.#oldest)].map((each) =>
      "toBreadcrumb" in each ? each.toBreadcrumb() : each
    )
  }

  /**
   * Records what was true where `error` began. What is known already stays, field by field: the innermost recorder
   * comes first, and what it leaves `undefined` is filled in further out.
   */
  recordFailure(error: unknown, context: FailureContext): void {
    const known = this.#failures.get(error)
    if (known === undefined) makeRoom(this.#failures)
    const outer = definedIn(context)
    this.#failures.set(
      error,
      known === undefined ? outer : {
        ...outer,
        ...known,
        ...(outer.tags !== undefined && known.tags !== undefined ? { tags: { ...outer.tags, ...known.tags } } : {})
      }
    )
  }

  /** Records what was true where the failures and defects of a cause began; see `recordFailure`. */
  recordCause(cause: Cause.Cause<unknown>, context: FailureContext): void {
    for (const reason of cause.reasons) {
      if (reason._tag === "Fail") this.recordFailure(reason.error, context)
      if (reason._tag === "Die") this.recordFailure(reason.defect, context)
    }
  }

  /** Notes that `error` was reported as the event `eventId`. */
  markReported(error: unknown, eventId: string): void {
    if (!this.reported.has(error)) makeRoom(this.reported)
    this.reported.set(error, eventId)
  }

  /** What was recorded for `error`, if anything was. */
  failure(error: unknown): FailureContext | undefined {
    return this.#failures.get(error)
  }
}

/**
 * The boundary of a job's fibers; requests are found by their source instead, because handlers of an `HttpApi` run on
 * a context that was captured when the layer was built.
 */
export const CurrentBoundary: Context.Reference<Boundary | undefined> = Context.Reference<Boundary | undefined>(
  "@dawsos/observability/Boundary",
  { defaultValue: () => undefined }
)

// The same key as `HttpServerRequest` of `effect/http`, without loading that module into programs that serve nothing.
// `test/Boundary.test.ts` holds the two equal.
const HttpServerRequest = Context.Service<{ readonly source: object }>("effect/http/HttpServerRequest")

/** The key under which `effect/http` provides the request; exported for the contract test. */
export const httpServerRequestKey: string = HttpServerRequest.key

const byRequestSource = new WeakMap<object, Boundary>()

/** Ties a boundary to the platform's request object, which every fiber of the request can see. */
export const bindRequest = (source: object, boundary: Boundary): void => {
  byRequestSource.set(source, boundary)
}

const sourceOf = (fiber: Fiber.Fiber<unknown, unknown>): object | undefined =>
  Context.getOrUndefined(fiber.context, HttpServerRequest)?.source

/** Makes the boundary of a job that `fiber` is about to run. */
export const makeJob = (operation: string, fiber: Fiber.Fiber<unknown, unknown>): Boundary => {
  const boundary = new Boundary("job", operation, sourceOf(fiber))
  boundary.span = fiber.cache.span
  return boundary
}

/** The boundary that a fiber works for: that of a job begun inside its request, else its request's, else its job's. */
export const ofFiber = (fiber: Fiber.Fiber<unknown, unknown>): Boundary | undefined => {
  const current = fiber.getRef(CurrentBoundary)
  const source = sourceOf(fiber)
  // As a rule it is there, and asking the request for it takes longer.
  if (source === undefined || current?.source === source) return current
  return byRequestSource.get(source) ?? current
}
