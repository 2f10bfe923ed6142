/**
 * The public way to right parents for third-party spans: the tracer's `context` hook, at `Async` primitives only.
 *
 * Everything else runs to its end while its fiber is current, where the context manager sees the fiber's span. What is
 * begun inside a synchronous effect and goes on after it is an orphan; `StrictParents.ts` knows better, by private API.
 */
import * as Otel from "@opentelemetry/api"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { Guard } from "../Guard.ts"
import { asyncEvaluate } from "./FiberInternals.ts"
import * as SpanContexts from "./SpanContexts.ts"

/** What a tracer runs each step of a program with. */
export type Hook = NonNullable<Tracer.Tracer["context"]>

const evaluate = "~effect/Effect/evaluate" satisfies keyof Tracer.EffectPrimitive<never>

/** The hook for a tracer's `context`. */
export const hook = (guard: Guard): Hook => (primitive, fiber) =>
  // This runs for each step of a program: the name is written out, which V8 loads faster than a computed one.
  primitive["~effect/Effect/evaluate"] !== asyncEvaluate
    ? primitive["~effect/Effect/evaluate"](fiber)
    : entering(guard, primitive, fiber)

const entering = <X>(guard: Guard, primitive: Tracer.EffectPrimitive<X>, fiber: Fiber.Fiber<unknown, unknown>): X => {
  const span = SpanContexts.propagated(fiber.cache.span)
  if (span === undefined) return primitive[evaluate](fiber)
  let entered = false
  try {
    return Otel.context.with(SpanContexts.activeWith(span), () => {
      entered = true
      return primitive[evaluate](fiber)
    })
  } catch (fault) {
    // What the primitive itself throws is the host's.
    if (entered) throw fault
    guard.count("context", fault)
    return primitive[evaluate](fiber)
  }
}
