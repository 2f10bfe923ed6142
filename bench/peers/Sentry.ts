// Sentry's SDK with a transport that accepts at once: the event is made, written as it would be sent, and counted.
import * as Sdk from "@sentry/node"
import * as Incident from "../errors/Incident.ts"

/** Never reached. */
export const dsn = "https://public@sentry.example/1"

type TransportOptions = Parameters<typeof Sdk.makeNodeTransport>[0]

const patience = 5_000

// An envelope is a line about itself and two for each item. With its default integrations the SDK tells of sessions too.
const isEvent = (body: string | Uint8Array): body is string =>
  typeof body === "string" && body.startsWith(`{"type":"event"`, body.indexOf("\n") + 1)

/** Where events end. */
export class Arrivals {
  /** How many events arrived. */
  count = 0
  #last = ""
  #wanted = Infinity
  #resume = (): void => {}

  /** Accepts what it is given; everything of a transport but the network is the SDK's. */
  readonly transport = (options: TransportOptions): ReturnType<typeof Sdk.makeNodeTransport> =>
    Sdk.createTransport(options, ({ body }) => {
      if (isEvent(body)) {
        this.#last = body
        this.count++
        if (this.count >= this.#wanted) this.#resume()
      }
      return Promise.resolve({ statusCode: 200 })
    })

  /** Waits until so many events have arrived; not for ever, since some may be lost, which the check tells. */
  async until(count: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    if (this.count < count) {
      await new Promise<void>((resolve) => {
        this.#wanted = count
        this.#resume = resolve
        timer = setTimeout(resolve, patience)
      })
    }
    clearTimeout(timer)
    // The SDK has yet to take note of the answers: until then they are in its buffer, which drops what is too much.
    await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** What arrived last. */
  get last(): string {
    return this.#last
  }

  /** The size of that, in bytes. */
  get bytes(): number {
    return Buffer.byteLength(this.#last)
  }
}

interface Payload {
  readonly exception?: {
    readonly values?: ReadonlyArray<{ readonly stacktrace?: { readonly frames?: ReadonlyArray<unknown> } }>
  }
  readonly breadcrumbs?: ReadonlyArray<unknown>
  readonly tags?: Readonly<Record<string, string>>
  readonly extra?: Readonly<Record<string, unknown>>
}

/** A check that each operation brought an event that tells everything, with the secret or without it. */
export const arrived = (arrivals: Arrivals, scrubbed: boolean) => (operations: number): string | undefined => {
  if (arrivals.count !== operations) return `${arrivals.count} of ${operations} events arrived`
  const payload = JSON.parse(arrivals.last.split("\n")[2] ?? "{}") as Payload
  const frames = payload.exception?.values?.[0]?.stacktrace?.frames?.length ?? 0
  const steps = payload.breadcrumbs?.length ?? 0
  const { attributes, tags } = Incident.make(0)
  const lacks = [
    ...Object.keys(tags).filter((name) => payload.tags?.[name] === undefined),
    ...Object.keys(attributes).filter((name) => payload.extra?.[name] === undefined)
  ]
  if (frames !== Incident.frames || steps !== Incident.steps || lacks.length > 0) {
    return `an event arrived with ${frames} frames and ${steps} steps, and without ${
      lacks.join(", ") || "nothing else"
    }`
  }
  return arrivals.last.includes(Incident.secret) === scrubbed
    ? scrubbed ? "the secret arrived" : "the event is not the same"
    : undefined
}

/** The SDK alone, which captures incidents: each in a scope that has its context. */
export interface Alone {
  readonly arrivals: Arrivals
  /** Captures so many errors, and waits until they have arrived. */
  readonly capture: (count: number) => Promise<void>
}

const alone = (client: Sdk.NodeClient, arrivals: Arrivals, incidents: ReadonlyArray<Incident.Incident>): Alone => {
  const scopes = incidents.map(({ attributes, steps, tags }) => {
    const scope = new Sdk.Scope()
    scope.setClient(client)
    for (const step of steps) scope.addBreadcrumb({ ...step })
    return scope.setTags({ ...tags }).setExtras({ ...attributes })
  })
  let captured = 0
  return {
    arrivals,
    capture: (count) => {
      for (let n = 0; n < count; n++, captured++) {
        scopes[captured % scopes.length]?.captureException(Incident.errorOf(captured))
      }
      return arrivals.until(captured)
    }
  }
}

/** A client that makes the same event as this package's and nothing more: no integration, none of the process's parts. */
export const make = (incidents: ReadonlyArray<Incident.Incident>): Alone => {
  const arrivals = new Arrivals()
  const client = new Sdk.NodeClient({
    dsn,
    transport: arrivals.transport,
    release: Incident.release,
    environment: Incident.environment,
    integrations: [],
    stackParser: Sdk.defaultStackParser,
    sendClientReports: false,
    enableRuntimeChannelInjection: false
  })
  client.init()
  return alone(client, arrivals, incidents)
}

/** As its documentation sets it up, with its default integrations: in a process of its own, into all of which it hooks. */
export const makeDefault = (incidents: ReadonlyArray<Incident.Incident>): Alone => {
  const arrivals = new Arrivals()
  const client = Sdk.init({
    dsn,
    transport: arrivals.transport,
    release: Incident.release,
    environment: Incident.environment
  })
  if (client === undefined) throw new Error("the SDK made no client")
  return alone(client, arrivals, incidents)
}
