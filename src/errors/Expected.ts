/**
 * Which failures are part of the job and therefore not reported: answers below 500, "try again later" while a program
 * warms up, interruption, and whatever is marked with `[ErrorReporter.ignore]`.
 */
import type * as Cause from "effect/Cause"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"

// Keys of `effect/http`, repeated here so that programs that serve nothing do not load it. `test/errors/ErrorReporter.test.ts`
// holds them equal to the originals.
/** What marks a value as an HTTP response. */
export const httpServerResponseKey = "~effect/http/HttpServerResponse"
/** The method by which an error says how it is answered. */
export const respondableKey = "~effect/http/HttpServerRespondable"

/** A status of 500 and above that is expected all the same: 503, the answer of a program that is not ready. */
export const defaultExpectedStatuses: ReadonlyArray<number> = [503]

const isResponse = (value: unknown): value is { readonly status: number } =>
  Predicate.hasProperty(value, httpServerResponseKey) && Predicate.hasProperty(value, "status") &&
  typeof value.status === "number"

interface Annotated {
  readonly annotations?: Readonly<Record<string, unknown>> | undefined
  readonly checks?: ReadonlyArray<Annotated> | undefined
  readonly context?: { readonly annotations?: Readonly<Record<string, unknown>> | undefined } | undefined
}

// Where `HttpApiSchema.status` and a class's annotations leave the status, looked up as `effect/http-api` does.
const annotatedStatus = (ast: Annotated): unknown => {
  const annotations = [
    ...(ast.checks ?? []).toReversed().map((check) => check.annotations),
    ast.annotations,
    ast.context?.annotations
  ]
  return annotations.find((some) => some !== undefined && "httpApiStatus" in some)?.["httpApiStatus"]
}

const readStatus = (error: object): number | undefined => {
  if (isResponse(error)) return error.status
  const constructor: unknown = error.constructor
  if (Predicate.hasProperty(constructor, "ast") && Predicate.isObject(constructor.ast)) {
    const status = annotatedStatus(constructor.ast)
    if (typeof status === "number") return status
  }
  const respond: unknown = Reflect.get(error, respondableKey)
  if (typeof respond !== "function") return undefined
  const answer: unknown = respond.call(error)
  return Exit.isExit(answer) && Exit.isSuccess(answer) && isResponse(answer.value) ? answer.value.status : undefined
}

// An error that can't even be asked is nothing that anybody expected.
const ask = <A>(question: () => A): A | undefined => {
  try {
    return question()
  } catch {
    return undefined
  }
}

/** The HTTP status that an error stands for, if it says so itself; no effect is run to find out. */
export const statusOf = (error: unknown): number | undefined =>
  Predicate.isObject(error) ? ask(() => readStatus(error)) : undefined

/** A failure of a cause, without its interruptions. */
export type Failure = Cause.Fail<unknown> | Cause.Die

/** What failed: the error or the defect. */
export const valueOf = (reason: Failure): unknown => reason._tag === "Fail" ? reason.error : reason.defect

/**
 * The reasons of a cause that somebody should hear of.
 *
 * Effect's HTTP server adds the response as a defect: it tells how the failures beside it are answered, and is
 * reported itself only when it stands alone.
 */
export const unexpected = (
  cause: Cause.Cause<unknown>,
  expectedStatuses: ReadonlyArray<number>
): ReadonlyArray<Failure> => {
  const isExpected = (status: number): boolean => status < 500 || expectedStatuses.includes(status)
  let answered: number | undefined
  const failures: Array<Failure> = []
  const responses: Array<Failure> = []
  for (const reason of cause.reasons) {
    if (reason._tag === "Interrupt") continue
    const response = reason._tag === "Die"
      ? ask(() => isResponse(reason.defect) ? reason.defect : undefined)
      : undefined
    if (response === undefined) failures.push(reason)
    else {
      answered = response.status
      responses.push(reason)
    }
  }
  const rest = failures.filter((reason) => {
    const value = valueOf(reason)
    if (ask(() => ErrorReporter.isIgnored(value)) === true) return false
    const status = statusOf(value)
    if (status !== undefined) return !isExpected(status)
    // A defect says nothing of its answer, so one that an expected answer happens to stand beside is still a defect.
    return reason._tag === "Die" || answered === undefined || !isExpected(answered)
  })
  if (failures.length > 0) return rest
  return responses.filter((reason) => {
    const status = statusOf(valueOf(reason))
    return status !== undefined && !isExpected(status)
  })
}
