/**
 * The request of one event: Node's own `http` with a deadline, and whether the event has left.
 *
 * The SDK's transport waits for ever for a server that does not answer, and tells nothing of a broken connection but
 * that it broke.
 */
import type * as Http from "node:http"

/** The `request` of Node's two modules, handed in because importing them opens a pipe to the process's output. */
export interface RequestFunctions {
  readonly http: typeof Http.request
  readonly https: typeof Http.request
}

/** How to make it. */
export interface Options {
  readonly request: RequestFunctions
  /** From connecting to the end of the answer. */
  readonly timeoutMillis: number
  /** Starts the request so that no instrumentation traces it. */
  readonly untraced: <A>(body: () => A) => A
  /** Each lets go of the connection. */
  readonly signals: ReadonlyArray<AbortSignal>
}

/** One request, in the form that the SDK's transport takes. */
export interface SentryRequest {
  readonly httpModule: { readonly request: (...args: ReadonlyArray<unknown>) => Http.ClientRequest }
  /** Whether it broke, instead of being answered. */
  readonly hasBroken: () => boolean
  /** Whether the whole event was handed over: it may have arrived. */
  readonly hasLeft: () => boolean
  /** What time it is where the answer comes from, in milliseconds since the epoch; our own time where it says nothing. */
  readonly time: () => number
}

class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded"
}

class GivenUp extends Error {
  override readonly name = "GivenUp"
}

/** Makes a request that is not sent yet. */
export const make = ({ request, signals, timeoutMillis, untraced }: Options): SentryRequest => {
  let hasBroken = false
  let hasLeft = false
  let date: string | undefined
  return {
    time: () => Date.parse(date ?? "") || Date.now(),
    hasBroken: () => hasBroken,
    hasLeft: () => hasLeft,
    httpModule: {
      request: (...args) => {
        const options = args[0] as Http.RequestOptions
        const native = options.protocol === "https:" ? request.https : request.http
        const started = untraced(() => Reflect.apply(native, undefined, args) as Http.ClientRequest)
        const giveUp = () => started.destroy(new GivenUp())
        const timer = setTimeout(() => started.destroy(new DeadlineExceeded()), timeoutMillis)
        timer.unref()
        for (const signal of signals) signal.addEventListener("abort", giveUp, { once: true })
        // Node says so once the last byte of the body was handed to the system.
        started.once("finish", () => hasLeft = true)
        started.once("response", ({ headers }) => date = headers.date)
        started.once("error", () => hasBroken = true)
        started.once("close", () => {
          clearTimeout(timer)
          for (const signal of signals) signal.removeEventListener("abort", giveUp)
        })
        if (signals.some(({ aborted }) => aborted)) giveUp()
        return started
      }
    }
  }
}
