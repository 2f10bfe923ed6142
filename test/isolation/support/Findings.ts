// Holds everything that left against what each request must have left: by name, and nothing of another.
import { createHash } from "node:crypto"
import type { ErrorEvent } from "../../../src/errors/ErrorEvent.ts"
import { classOf, type Left } from "./Subject.ts"
import * as Work from "./Work.ts"

/** How the requests came. */
export interface Came {
  readonly size: number
  /** The trace of a request's caller, and the caller's span. */
  readonly caller?: ((n: number) => { readonly traceId: string; readonly spanId: string }) | undefined
  /** Whether `withUser` names the user (and what is begun inside knows them), or the request itself. */
  readonly lexicalUser: (n: number) => boolean
  /** The tags that the boundary adds. */
  readonly tags: (n: number) => Readonly<Record<string, string>>
  /** What the boundary is called. */
  readonly transaction: (n: number) => string
  /** The events that were sent. */
  readonly events: ReadonlyArray<ErrorEvent>
  /** The series of the counter of steps. */
  readonly steps: ReadonlyArray<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>
  /** The OpenMetrics exposition. */
  readonly exposition: string
}

export interface Result {
  /** How many single comparisons were made. */
  readonly checks: number
  /** What was not as it must be, in words. */
  readonly findings: ReadonlyArray<string>
}

const pseudonym = (id: string): string => createHash("sha256").update(id).digest("hex").slice(0, 8)

const named = /^(.+) of (\d+)$/
const mentions = (value: unknown): ReadonlySet<number> =>
  new Set(Array.from(JSON.stringify(value).matchAll(/ of (\d+)/g), ([, n]) => Number(n)))

const statusOf = (n: number, { status }: { readonly status: string }): string =>
  status === "ending" ? Work.endingOf(n) : status

/** What an event of each kind says beside its trace; `undefined` crumbs are only searched for other requests. */
interface Expected {
  readonly step: string
  readonly user: boolean
  readonly tags: Readonly<Record<string, string>>
  readonly transaction: string
  /** The operation that the event names: what failed, or the boundary where nobody knows better. */
  readonly operation: string
  readonly crumbs: ReadonlyArray<string> | undefined
}

const expectedEvents = (came: Came, n: number): ReadonlyMap<string, Expected> => {
  const text = String(n)
  const bound = came.tags(n)
  const lexical = came.lexicalUser(n)
  const ownRun = (step: string, user: boolean, tags: Expected["tags"]): readonly [string, Expected] => [
    `${step} of ${n}`,
    { step, user, tags, transaction: `run of ${step} of ${n}`, operation: `${step} of ${n}`, crumbs: [step] }
  ]
  const inRequest = (key: string, step: string, tags: Expected["tags"], crumbs?: ReadonlyArray<string>) => {
    const transaction = came.transaction(n)
    const operation = crumbs === undefined ? transaction : `${step} of ${n}`
    const all = { request: text, ...tags, ...bound }
    return [`${key} of ${n}`, { step, user: true, tags: all, transaction, operation, crumbs }] as const
  }
  return new Map([
    ownRun("job", false, { job: text }),
    ownRun("alone", false, {}),
    ownRun("daemon", lexical, { request: text }),
    inRequest("note", "child", {}),
    inRequest("late", "late", {}),
    ...(Work.endingOf(n) === "success" ? [] : [inRequest("ending", "ending", { ending: text }, Work.before)])
  ])
}

/** Compares and counts. */
export const check = (left: Left, came: Came): Result => {
  const findings: Array<string> = []
  let checks = 0
  const same = (what: string, actual: unknown, expected: unknown): void => {
    checks++
    const [is, must] = [JSON.stringify(actual) ?? "nothing", JSON.stringify(expected) ?? "nothing"]
    if (is !== must) findings.push(`${what} is ${is}, not ${must}`)
  }
  const only = (what: string, n: number, value: unknown): void => {
    checks++
    const others = [...mentions(value)].filter((other) => other !== n)
    if (others.length > 0) findings.push(`${what} tells of ${others.join(", ")}`)
  }
  const requests = Array.from({ length: came.size }, (_, n) => n)

  const spans = new Map<string, Left["spans"][number]>()
  const servers = new Map<string, Left["spans"][number]>()
  for (const span of left.spans) {
    if (span.kind === 1) servers.set(span.spanContext().traceId, span)
    else if (spans.has(span.name)) findings.push(`there are two spans "${span.name}"`)
    else spans.set(span.name, span)
  }
  const spanNames = [...Object.keys(Work.steps), ...Object.keys(Work.thirdPartySpans)]
  same("the number of spans", spans.size, requests.length * spanNames.length)
  same("the number of traces", new Set(left.spans.map((span) => span.spanContext().traceId)).size, 2 * came.size)
  same("the number of requests that a server answered", servers.size, came.caller === undefined ? 0 : came.size)
  const place = (name: string) => {
    const context = spans.get(name)?.spanContext()
    return context === undefined ? undefined : [context.traceId, context.spanId]
  }
  const parent = (span: Left["spans"][number] | undefined) =>
    span?.parentSpanContext === undefined ? undefined : [span.parentSpanContext.traceId, span.parentSpanContext.spanId]

  for (const n of requests) {
    const root = spans.get(`request of ${n}`)
    const traceId = root?.spanContext().traceId
    const caller = came.caller?.(n)
    if (caller === undefined) same(`the parent of request ${n}`, parent(root), undefined)
    else {
      const server = servers.get(caller.traceId)
      same(`the parent of the server's span of ${n}`, parent(server), [caller.traceId, caller.spanId])
      same(`the parent of request ${n}`, parent(root), [caller.traceId, server?.spanContext().spanId])
    }
    for (const step of spanNames) {
      const name = `${step} of ${n}`
      const span = spans.get(name)
      const below = Work.thirdPartySpans[step] ?? Work.steps[step]?.below
      if (below !== undefined) same(`the parent of "${name}"`, parent(span), place(`${below} of ${n}`))
      if (step === "alone") {
        same(`the parent of "${name}"`, parent(span), undefined)
        same(`whether "${name}" is in the trace of the request`, span?.spanContext().traceId === traceId, false)
      } else same(`the trace of "${name}"`, span?.spanContext().traceId, traceId)
      if (step in Work.steps) same(`the request that "${name}" names`, span?.attributes["isolation.request"], n)
      only(`the span "${name}"`, n, [span?.attributes, span?.events, span?.status])
    }
  }

  const lines = new Map<string, number>()
  for (const line of left.lines) {
    const [, step = "", text] = named.exec(line.message) ?? []
    // The layer's own say what has become of spans and events at the end.
    if (text === undefined) continue
    const n = Number(text)
    lines.set(line.message, (lines.get(line.message) ?? 0) + 1)
    same(`the place of the line "${line.message}"`, [line.trace_id, line.span_id], place(line.message))
    const annotated = step === "job" || step === "alone" ? undefined : n
    same(`the annotation of the line "${line.message}"`, line.annotations?.["request"], annotated)
    only(`the line "${line.message}"`, n, line)
  }
  for (const n of requests) {
    for (const step of Object.keys(Work.steps)) same(`lines "${step} of ${n}"`, lines.get(`${step} of ${n}`), 1)
  }

  // The message of an event, or the operation of a failure, says which one it is.
  const keyOf = (event: ErrorEvent): string =>
    event.message ??
      (event.exceptions[0]?.value.startsWith("late") === true ? event.exceptions[0].value : event.operation)
  const events = Map.groupBy(came.events, keyOf)
  const known = requests.flatMap((n) => [...expectedEvents(came, n)].map(([key, expected]) => ({ n, key, expected })))
  same("the number of events", came.events.length, known.length)
  for (const { expected, key, n } of known) {
    const [event, ...more] = events.get(key) ?? []
    same(`further events "${key}"`, more.length, 0)
    if (event === undefined) {
      findings.push(`there is no event "${key}"`)
      continue
    }
    only(`the event "${key}"`, n, event)
    // What is captured by hand is told of the boundary's span.
    const server = expected.crumbs === undefined
      ? servers.get(came.caller?.(n).traceId ?? "")?.spanContext()
      : undefined
    const at = server === undefined ? place(`${expected.step} of ${n}`) : [server.traceId, server.spanId]
    same(`the place of the event "${key}"`, [event.trace?.traceId, event.trace?.spanId], at)
    const user = expected.user ? pseudonym(Work.userOf(n)) : undefined
    same(`the user of the event "${key}"`, event.user?.id, user)
    const tags = { ...expected.tags, operation: expected.operation, user: user ?? "anonymous" }
    same(`the tags of the event "${key}"`, Object.entries(event.tags).toSorted(), Object.entries(tags).toSorted())
    same(`the boundary of the event "${key}"`, event.transaction, expected.transaction)
    if (expected.crumbs === undefined) continue
    const crumbs = event.breadcrumbs.filter(({ category }) => category === "default" || category === "operation")
    const must = expected.crumbs.flatMap((step) => [`${step} of ${n}`, `${step} of ${n}`])
    same(`the breadcrumbs of the event "${key}"`, crumbs.map(({ message }) => message).toSorted(), must.toSorted())
  }

  const counts = new Map<string, number>()
  for (const n of requests) {
    for (const [step, what] of Object.entries(Work.steps)) {
      const key = JSON.stringify([classOf(n), step, statusOf(n, what)])
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  const counted = came.steps.filter(({ value }) => value > 0)
  same("the number of series that were counted", counted.length, counts.size)
  for (const { labels, value } of counted) {
    const key = JSON.stringify([labels["class"], labels["step"], labels["status"]])
    same(`the count of ${key}`, value, counts.get(key))
  }

  const classOfTrace = new Map(
    [...spans.values()].map((span) => [span.spanContext().traceId, classOf(Number(named.exec(span.name)?.[2]))])
  )
  const exemplars = [...came.exposition.matchAll(/class="([^"]+)".*# \{trace_id="([0-9a-f]{32})"/g)]
  same("whether there are exemplars", exemplars.length > 0, true)
  for (const [, own, traceId] of exemplars) {
    same(`the class of the exemplar ${traceId}`, classOfTrace.get(traceId!), own)
  }

  for (const [hook, faults] of left.guard.faults()) same(`faults of the hook ${hook}`, faults, 0)
  return { checks, findings }
}
