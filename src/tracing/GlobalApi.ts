/**
 * The process-wide part: what third-party instrumentation finds behind `@opentelemetry/api`.
 *
 * Installed by the first live layer, removed with the last. A program that registered its own OpenTelemetry first keeps
 * it: then foreign spans go there, and only Effect's come to us.
 */
import * as Otel from "@opentelemetry/api"
// The whole of the package takes as long to load as all of this room.
import { W3CTraceContextPropagator } from "@opentelemetry/core/build/src/trace/W3CTraceContextPropagator.js"
import type { Guard } from "../Guard.ts"
import { ContextManager } from "./ContextManager.ts"
import * as NoopTracer from "./NoopTracer.ts"
import * as SpanContexts from "./SpanContexts.ts"
import * as StrictParents from "./StrictParents.ts"

/** A live layer, as seen by foreign instrumentation. */
export interface Owner {
  /** Counts what goes wrong. */
  readonly guard: Guard
  readonly startSpan: (
    scope: Scope,
    name: string,
    options: Otel.SpanOptions | undefined,
    context: Otel.Context
  ) => Otel.Span
}

/** The name and version of an instrumentation. */
export interface Scope {
  readonly name: string
  readonly version: string | undefined
}

/** Which of the global parts are ours; the others were registered by the program before. */
export interface Installed {
  readonly tracerProvider: boolean
  readonly contextManager: boolean
  readonly propagator: boolean
}

/** What holds for one layer, too. */
export interface Added extends Installed {
  readonly parents: StrictParents.Parents
}

const live: Array<Owner> = []
/** Those that are live, and those that were and are still held by a span. */
const layers = new WeakSet<object>()
const isLayer = (owner: unknown): owner is Owner => typeof owner === "object" && owner !== null && layers.has(owner)
let installed: Installed | undefined
let manager: ContextManager | undefined

/** Adds a live layer; the first one installs the global parts. */
export const add = (owner: Owner, way: StrictParents.Way = "strict"): Added => {
  live.push(owner)
  layers.add(owner)
  installed ??= install()
  return { ...installed, parents: StrictParents.add(owner, way, manager) }
}

const install = (): Installed => {
  // Whose span can't be read is not known: faults are those of the layer that spans of nobody go to.
  const made = new ContextManager((fault) => live[0]?.guard.count("context", fault))
  const contextManager = Otel.context.setGlobalContextManager(made.enable())
  manager = contextManager ? made : undefined
  return {
    tracerProvider: Otel.trace.setGlobalTracerProvider(provider),
    contextManager,
    // Trace context only: baggage may hold anything and would go to whomever the program talks to.
    propagator: Otel.propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  }
}

/** Takes a layer out; the last one removes what was installed. */
export const remove = (owner: Owner): void => {
  const index = live.indexOf(owner)
  if (index >= 0) live.splice(index, 1)
  StrictParents.remove(owner)
  if (live.length > 0 || installed === undefined) return
  if (installed.tracerProvider) Otel.trace.disable()
  if (installed.contextManager) Otel.context.disable()
  if (installed.propagator) Otel.propagation.disable()
  installed = undefined
  manager = undefined
}

/**
 * The context that third-party code set last, baggage and suppression included: what {@link Otel.context.active} tells
 * but for the spans of fibers, which cost to be put in.
 */
export const thirdPartyContext = (): Otel.Context =>
  manager === undefined ? Otel.context.active() : manager.thirdParty()

/**
 * A tracer whose spans go to the layer of the span that they start under, else to `fallback`.
 *
 * Instrumentations keep their tracer for good, so it asks anew for each span: layers come and go. What starts under a
 * span of a layer that is gone stays in that layer's books, and is no other's.
 */
export const tracer = (scope: Scope, fallback: () => Owner | undefined): Otel.Tracer => {
  const startSpan = (
    name: string,
    options?: Otel.SpanOptions,
    context: Otel.Context = Otel.context.active()
  ): Otel.Span => {
    const under = SpanContexts.ownerOf(context)
    const owner = isLayer(under) ? under : fallback()
    return owner === undefined ? NoopTracer.span : owner.startSpan(scope, name, options, context)
  }
  const startActiveSpan = (name: string, ...rest: ReadonlyArray<unknown>): never => {
    const body = rest[rest.length - 1] as (span: Otel.Span) => never
    const options = (rest.length > 1 ? rest[0] : undefined) as Otel.SpanOptions | undefined
    const context = (rest.length > 2 ? rest[1] : Otel.context.active()) as Otel.Context
    const span = startSpan(name, options, context)
    return Otel.context.with(Otel.trace.setSpan(context, span), body, undefined, span)
  }
  return { startSpan, startActiveSpan }
}

const provider: Otel.TracerProvider = {
  getTracer: (name, version) => tracer({ name, version }, () => live[0])
}
