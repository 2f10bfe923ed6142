/**
 * A tracer that the combinators open spans with directly: what Effect's interface takes as objects and bigints it takes
 * as what they have at hand. Tracing that is on installs one; with any other tracer the combinators go Effect's way.
 */
import type * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as References from "effect/References"
import type * as Tracer from "effect/Tracer"
import type { ContextSettings, Memory } from "./ContextSettings.ts"

/** A span of such a tracer, which remembers the context that it is in. None of its methods throws. */
export abstract class DirectSpan implements Tracer.Span, Memory {
  readonly _tag = "Span"
  settings: ContextSettings | undefined = undefined
  /** Hears of its failure before it is finished; it must not throw. */
  onFailure: ((span: DirectSpan, exit: Exit.Failure<unknown, unknown>) => void) | undefined = undefined
  abstract readonly name: string
  abstract readonly spanId: string
  abstract readonly traceId: string
  abstract readonly parent: Option.Option<Tracer.AnySpan>
  abstract readonly annotations: Tracer.Span["annotations"]
  abstract readonly status: Tracer.SpanStatus
  abstract readonly attributes: ReadonlyMap<string, unknown>
  abstract readonly links: ReadonlyArray<Tracer.SpanLink>
  abstract readonly sampled: boolean
  abstract readonly kind: Tracer.SpanKind
  abstract end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void
  abstract attribute(key: string, value: unknown): void
  abstract event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void
  abstract addLinks(links: ReadonlyArray<Tracer.SpanLink>): void
  /** `end`, at a moment in seconds and nanoseconds since the epoch. */
  abstract endAt(seconds: number, nanos: number, exit: Exit.Exit<unknown, unknown>): void
  /** `attribute`; `whole` are its fixed attributes with this one, which it takes instead if it has no others. */
  abstract attributeOf(whole: ReadonlyArray<unknown> | undefined, key: string, value: string): void
  /**
   * Takes a list as its attributes, keys and values in turn that OpenTelemetry can carry, when it has none; where a value
   * is undefined it has not got that one yet.
   */
  abstract beginWith(attributes: Array<unknown>): void
  /** See `Metrics.Exemplar`. */
  abstract writeIds(into: Int32Array, at: number): void
}

/** See the module. It remembers the last context without a span, which as a rule is the program's own. */
export abstract class DirectTracer implements Tracer.Tracer, Memory {
  settings: ContextSettings | undefined = undefined
  abstract readonly context: Tracer.Tracer["context"]
  abstract span(options: Parameters<Tracer.Tracer["span"]>[0]): Tracer.Span
  /**
   * Whether a child of `parent` is left out with it. Then it is counted as such, and nobody has to make a span of it.
   */
  abstract leavesOut(parent: Tracer.AnySpan): boolean
  /**
   * A span that stands for all children of a caller that are left out with it, none of which is counted by that; nothing
   * where they may be sampled. The program may ask for the span that it is in, and a caller's is none.
   */
  abstract standIn(
    caller: Tracer.AnySpan,
    name: string,
    kind: Tracer.SpanKind,
    startTime: bigint
  ): DirectSpan | undefined
  /** A context with a span and its stack frame, for a fiber whose own differs from it by nothing but these. */
  abstract inside(
    fiber: Fiber.Fiber<unknown, unknown>,
    context: Context.Context<never>,
    span: Tracer.AnySpan,
    stackFrame: References.StackFrame
  ): Context.Context<never>
  /** Whether a context is another one on which nothing was put but stack frames; `false` where that can't be told. */
  abstract isNamed(context: Context.Context<never>, other: Context.Context<never>): boolean
  /**
   * Opens a span under `parent`, which is counted as lost where it can't be. `wish` is whether the program wants it
   * sampled; `fixed` holds keys and values in turn that OpenTelemetry can carry, and is shared by many spans.
   */
  abstract open(
    name: string,
    kind: Tracer.SpanKind,
    parent: Tracer.AnySpan | undefined,
    wish: boolean,
    seconds: number,
    nanos: number,
    fixed: ReadonlyArray<unknown> | undefined
  ): DirectSpan | undefined
}
