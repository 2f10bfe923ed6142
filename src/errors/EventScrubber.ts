/**
 * Takes out of an event what must not leave the process: every text of it once, by the one scrubber of the layer, and what
 * events have in common once for all of them.
 */
import type { Breadcrumb } from "../Boundary.ts"
import type * as Scrubber from "../Scrubber.ts"
import * as Cut from "../scrubber/Cut.ts"
import { remembering } from "../scrubber/Memory.ts"
import * as Breadcrumbs from "./Breadcrumbs.ts"
import type { ErrorEvent, EventUser, ExceptionValue } from "./ErrorEvent.ts"
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

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : { value }

const hint = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const cut: Record<string, unknown> = { ...data }
  for (const key of Object.keys(cut)) {
    const value = cut[key]
    if (typeof value === "string" && value.length > Breadcrumbs.maxMessage) {
      cut[key] = Cut.after(value, Breadcrumbs.maxMessage)
    }
  }
  return cut
}

// Names of operations, tags and types.
const rememberedNames = [512, 128] as const

/** Makes what answers with an event as it may leave. That throws only when the scrubber does. */
export const make = ({ scrubber, sendEmail }: Options): (event: ErrorEvent) => ErrorEvent => {
  const text = (value: string, limit = Exceptions.maxText): string => Cut.after(scrubber.text(value), limit)
  const stack = remembering((value) => text(value), ...Exceptions.rememberedStacks)
  const name = remembering((value) => text(value), ...rememberedNames)

  const userOf = (user: EventUser | undefined): EventUser | undefined =>
    user === undefined ? undefined : {
      id: scrubber.pseudonym(user.id),
      ...(user.role === undefined ? {} : { role: name(user.role) }),
      ...(sendEmail && user.email !== undefined ? { email: user.email } : {})
    }

  const exceptionOf = (exception: ExceptionValue): ExceptionValue => ({
    ...exception,
    type: name(exception.type),
    value: text(exception.value),
    stack: exception.stack === undefined ? undefined : stack(exception.stack)
  })

  const tagsOf = ({ operation, tags }: ErrorEvent, user: EventUser | undefined): ErrorEvent["tags"] => ({
    ...Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [name(key), textOf(scrubber.field(key, value))])
    ),
    operation: name(operation),
    user: user?.id ?? anonymous
  })

  const breadcrumbOf = ({ category, data, level, message, timestamp }: Breadcrumb): Breadcrumb => ({
    category: name(category),
    message: text(message, Breadcrumbs.maxMessage),
    level,
    timestamp,
    data: data === undefined ? undefined : hint(recordOf(scrubber.value(data)))
  })

  return (event) => {
    const user = userOf(event.user)
    return {
      ...event,
      message: event.message === undefined ? undefined : text(event.message),
      exceptions: event.exceptions.map(exceptionOf),
      fingerprint: [text(event.fingerprint[0], EventBuilder.maxFingerprint), name(event.fingerprint[1])],
      operation: name(event.operation),
      transaction: event.transaction === undefined ? undefined : name(event.transaction),
      user,
      tags: tagsOf(event, user),
      extra: recordOf(scrubber.value(event.extra)),
      breadcrumbs: event.breadcrumbs.map(breadcrumbOf)
    }
  }
}
