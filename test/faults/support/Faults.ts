/** The faults of a receiver, as a table: how each begins and ends, and what it may cost. */
import type { Accounting, ErrorTracking } from "@dawsos/observability"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import dns from "node:dns"
import * as Tls from "node:tls"
import type { Signal } from "../../../examples/receiver/ReceivedSpan.ts"
import type * as Receiver from "../../../examples/receiver/Receiver.ts"
import * as Reply from "../../../examples/receiver/Reply.ts"

/** By which way spans go, over HTTP. */
export type Route = "otlp" | "jaegerHttp"

/** What goes over HTTP: spans by two ways, error events. */
export type Delivered = Route | "sentry"

/** Where the signal is, and its receiver. */
export interface Target {
  readonly receiver: Receiver.Shape
  readonly signal: Signal
}

/** A way in which a receiver, or the way to it, fails. */
export interface Fault {
  /** In a sentence about the receiver: "a receiver that …". */
  readonly name: string
  /** The ways on which there is such a thing; all of them unless given. */
  readonly routes?: ReadonlyArray<Delivered>
  /** The receiver speaks TLS. */
  readonly tls?: boolean
  /** The address that the sink is given, from that of the receiver. */
  readonly address?: (url: string) => string
  /** `false` where it can't end: the receiver is the wrong one. */
  readonly passes?: boolean
  /** Holds until its scope ends. */
  readonly begin: (target: Target) => Effect.Effect<unknown, unknown, Scope.Scope>
  /** The longest that a request may take, in milliseconds, for the faults that use it up; 5 s otherwise. */
  readonly patience?: number
  /** The bytes that each unit of work adds to its spans. */
  readonly padding?: number
  /** Why spans may be lost while it lasts, a shutdown in the middle of it aside. */
  readonly loses: ReadonlyArray<Accounting.DropReason>
  /** The same for error events, where it is called otherwise. */
  readonly losesEvents?: ReadonlyArray<ErrorTracking.DropReason>
  /** Whether the receiver keeps what it gets all the same, so that some is there whose answer was lost. */
  readonly keeps?: "all" | "some" | "perhaps"
}

/** Answers so while the fault lasts, and as the protocol wants it afterwards. */
const answers = (reply: Reply.Reply | (() => Reply.Reply | Reply.Responder)) => ({ receiver, signal }: Target) =>
  Effect.acquireRelease(
    receiver.respond(signal, typeof reply === "function" ? reply() : reply),
    () => receiver.respond(signal, Reply.ok)
  )

/** A name that no server knows, which later stands for this machine. */
const unknownName = "receiver.invalid"

/** From the end of the fault on the name is known, for the rest of the test. */
const nameUnknown = Effect.acquireRelease(Effect.void, () =>
  Effect.sync(() => {
    const { lookup } = dns
    const known = (host: string, options: object, callback: (...args: ReadonlyArray<unknown>) => void) =>
      Reflect.apply(lookup, dns, [host === unknownName ? "127.0.0.1" : host, options, callback])
    restore.push(() => {
      dns.lookup = lookup
    })
    dns.lookup = known as typeof dns.lookup
  }))

/** Nobody trusts the receiver's certificate, until the fault ends. */
const untrusted = ({ receiver }: Target) =>
  Effect.acquireRelease(Effect.void, () =>
    Effect.sync(() => {
      const trusted = Tls.getCACertificates("default")
      restore.push(() => Tls.setDefaultCACertificates(trusted))
      Tls.setDefaultCACertificates([...trusted, receiver.certificate ?? ""])
    }))

const restore: Array<() => void> = []

/** Undoes what the end of a fault has changed in this process. */
export const undo: Effect.Effect<void> = Effect.sync(() => {
  for (const each of restore.splice(0).toReversed()) each()
})

/** A request gives up after so many milliseconds where nothing else ends it. */
const patience = 100

const faults: ReadonlyArray<Fault> = [
  {
    name: "refuses connections",
    begin: ({ receiver }) => Effect.acquireRelease(receiver.down, () => Effect.orDie(receiver.up)),
    loses: ["unreachable"]
  },
  {
    name: "has a name that nobody knows",
    address: (url) => url.replace("127.0.0.1", unknownName),
    begin: () => nameUnknown,
    // Some resolvers take longer to say no than the end of a program may last; what is given up then is a timeout.
    loses: ["unreachable", "timeout"]
  },
  {
    name: "has a certificate that nobody trusts",
    tls: true,
    begin: untrusted,
    loses: ["unreachable"]
  },
  {
    name: "speaks plain HTTP where TLS is expected",
    address: (url) => url.replace("http:", "https:"),
    begin: () => Effect.void,
    passes: false,
    loses: ["unreachable"]
  },
  {
    name: "takes requests and never answers",
    begin: answers(Reply.hang({ stores: true })),
    patience,
    loses: ["timeout"],
    keeps: "some"
  },
  {
    name: "does not even read requests",
    begin: answers(Reply.hang({ reads: false })),
    patience,
    loses: ["timeout"]
  },
  {
    name: "answers after a minute",
    begin: answers(Reply.delay("1 minute")),
    patience,
    loses: ["timeout"],
    keeps: "some"
  },
  {
    name: "resets connections when it has the headers",
    begin: answers(Reply.resetConnection({ at: "headers" })),
    loses: ["timeout"]
  },
  {
    name: "resets connections in the middle of a large body",
    begin: answers(Reply.resetConnection({ at: "request-body" })),
    padding: 400_000,
    loses: ["unreachable", "timeout"]
  },
  {
    name: "resets connections when it has taken the body",
    begin: answers(Reply.resetConnection({ at: "answer", stores: true })),
    loses: ["timeout"],
    keeps: "all"
  },
  {
    name: "resets connections in the middle of its answer",
    begin: answers(Reply.resetConnection({ at: "answer-body", stores: true })),
    loses: ["timeout"],
    keeps: "all"
  },
  { name: "answers 400", begin: answers(Reply.status(400)), loses: ["rejected"] },
  { name: "answers 401", begin: answers(Reply.status(401)), loses: ["rejected"] },
  { name: "answers 413", begin: answers(Reply.status(413)), loses: ["too_large"] },
  {
    name: "answers 413 to large requests",
    begin: answers(Reply.tooLargeOver(2_000)),
    loses: ["too_large"],
    keeps: "some"
  },
  { name: "answers 429", begin: answers(Reply.status(429)), loses: ["rejected"], losesEvents: ["throttled"] },
  {
    name: "answers 429 and asks for a second",
    begin: answers(Reply.status(429, { "retry-after": "1" })),
    loses: ["rejected"],
    losesEvents: ["throttled"]
  },
  { name: "answers 500", begin: answers(Reply.status(500)), loses: ["rejected"] },
  { name: "answers 503", begin: answers(Reply.status(503)), loses: ["rejected"] },
  {
    name: "takes every span of a request but the second",
    // Thrift has no way to say so.
    routes: ["otlp"],
    begin: answers(
      Reply.inspect((_request, { spans: [, second] }) => Reply.partialSuccess(new Set(second && [second.spanId])))
    ),
    loses: ["rejected"],
    keeps: "some"
  },
  {
    name: "answers with bytes that mean nothing",
    begin: answers(Reply.garbage()),
    loses: [],
    keeps: "all"
  },
  {
    name: "answers byte by byte, for ever",
    begin: answers(Reply.slowDrip({ every: "50 millis", bytes: 10_000 })),
    patience,
    loses: ["timeout"],
    keeps: "some"
  },
  {
    name: "answers 503 and 200 in turns",
    begin: answers(() => Reply.flapping(Reply.status(503), { every: "40 millis" })),
    loses: ["rejected"],
    keeps: "perhaps"
  },
  {
    name: "goes down and up in turns",
    begin: ({ receiver }) => receiver.flap("40 millis"),
    // It dies with requests on their way.
    loses: ["unreachable", "timeout"],
    keeps: "perhaps"
  }
]

/** The faults that there are on a way. */
export const of = (route: Delivered): ReadonlyArray<Fault> =>
  faults.filter(({ routes }) => routes === undefined || routes.includes(route))
