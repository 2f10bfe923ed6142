/**
 * Takes out of an event what must not leave the process: every text of it once, by the one scrubber of the layer.
 */
import type * as Scrubber from "../Scrubber.ts"
import * as Cut from "../scrubber/Cut.ts"
import * as Breadcrumbs from "./Breadcrumbs.ts"
import type { ErrorEvent, EventUser } from "./ErrorEvent.ts"
import * as EventBuilder from "./EventBuilder.ts"
import * as Exceptions from "./Exceptions.ts"

/** What an event may tell of a user. */
export interface Options {
  readonly scrubber: Scrubber.Scrubber
  /** Whether the e-mail address of `withUser` is sent; it is not unless this says so. */
  readonly sendEmail: boolean
}

/** What stands for the user where nobody is known to have asked. */
export const anonymous = "anonymous"

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? ""

const userOf = (user: EventUser | undefined, { scrubber, sendEmail }: Options): EventUser | undefined =>
  user === undefined ? undefined : {
    id: scrubber.pseudonym(user.id),
    ...(user.role === undefined ? {} : { role: scrubber.text(user.role) }),
    ...(sendEmail && user.email !== undefined ? { email: user.email } : {})
  }

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : { value }

const hint = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === "string" ? Cut.after(value, Breadcrumbs.maxMessage) : value
    ])
  )

/** The event as it may leave. Throws only when the scrubber does. */
export const scrub = (event: ErrorEvent, options: Options): ErrorEvent => {
  const { scrubber } = options
  const text = (value: string, limit = Exceptions.maxText): string => Cut.after(scrubber.text(value), limit)
  const user = userOf(event.user, options)
  return {
    ...event,
    message: event.message === undefined ? undefined : text(event.message),
    exceptions: event.exceptions.map((exception) => ({
      ...exception,
      type: text(exception.type),
      value: text(exception.value),
      stack: exception.stack === undefined ? undefined : text(exception.stack)
    })),
    fingerprint: [text(event.fingerprint[0], EventBuilder.maxFingerprint), text(event.fingerprint[1])],
    operation: text(event.operation),
    transaction: event.transaction === undefined ? undefined : text(event.transaction),
    user,
    tags: {
      ...Object.fromEntries(
        Object.entries(event.tags).map(([key, value]) => [text(key), textOf(scrubber.field(key, value))])
      ),
      operation: text(event.operation),
      user: user?.id ?? anonymous
    },
    extra: recordOf(scrubber.value(event.extra)),
    breadcrumbs: event.breadcrumbs.map((breadcrumb) => ({
      ...breadcrumb,
      category: text(breadcrumb.category),
      message: text(breadcrumb.message, Breadcrumbs.maxMessage),
      data: breadcrumb.data === undefined ? undefined : hint(recordOf(scrubber.value(breadcrumb.data)))
    }))
  }
}
