// Sentry's SDK with a transport that accepts at once: the event is made, written as it would be sent, and counted.
import * as Sdk from "@sentry/node"
import * as Capturing from "../errors/Capturing.ts"
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
  readonly #latest: Array<string> = []
  #wanted = Infinity
  #resume = (): void => {}

  /** Accepts what it is given; everything of a transport but the network is the SDK's. */
  readonly transport = (options: TransportOptions): ReturnType<typeof Sdk.makeNodeTransport> =>
    Sdk.createTransport(options, ({ body }) => {
      if (isEvent(body)) {
        this.#latest[this.count % Capturing.effort.unit] = body
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

  /** The events that arrived last, by their number. */
  get latest(): ReadonlyMap<number, string> {
    const unit = Capturing.effort.unit
    const first = Math.max(0, this.count - unit)
    return new Map(Array.from(this.#latest, (_, n) => [first + n, this.#latest[(first + n) % unit] ?? ""]))
  }

  /** The size of one of them, in bytes. */
  get bytes(): number {
    return Buffer.byteLength(this.#latest[0] ?? "")
  }
}

interface Payload {
  readonly exception?: {
    readonly values?: ReadonlyArray<
      { readonly value?: string; readonly stacktrace?: { readonly frames?: ReadonlyArray<unknown> } }
    >
  }
  readonly breadcrumbs?: ReadonlyArray<{ readonly message?: string; readonly data?: unknown }>
  readonly tags?: Readonly<Record<string, string>>
  readonly extra?: Readonly<Record<string, unknown>>
}

/** What of the event of the n-th incident is not as it was made, if anything is; what is scrubbed lacks secrets alone. */
const wrong = (n: number, body: string, scrubbed: boolean): string | undefined => {
  const { breadcrumbs, exception, extra, tags }: Payload = JSON.parse(body.split("\n")[2] ?? "{}")
  const [incident, [thrown]] = [Incident.make(n), exception?.values ?? []]
  const told = (steps: Payload["breadcrumbs"]) => steps?.map(({ data, message }) => [message, data])
  const pairs: ReadonlyArray<readonly [what: string, sent: unknown, made: unknown]> = [
    ["message", thrown?.value, Incident.errorOf(n).message],
    ["frames", thrown?.stacktrace?.frames?.length, Incident.frames],
    ["steps", told(breadcrumbs), told(incident.steps)],
    ...Object.entries(incident.tags).map(([name, value]) => [`tag ${name}`, tags?.[name], value] as const),
    ...Object.entries(incident.attributes).map(([name, value]) => [`attribute ${name}`, extra?.[name], value] as const)
  ]
  const expected = (value: unknown): string =>
    scrubbed ? Incident.scrubbed(JSON.stringify(value)) : JSON.stringify(value)
  return pairs.find(([, sent, made]) => JSON.stringify(sent) !== expected(made))?.[0]
}

/** A check that each operation brought an event, and that the events tell all of the incidents, in their order. */
export const arrived = (arrivals: Arrivals, scrubbed: boolean) => (operations: number): string | undefined => {
  if (arrivals.count !== operations) return `${arrivals.count} of ${operations} events arrived`
  for (const [n, body] of arrivals.latest) {
    const other = wrong(n, body, scrubbed)
    if (other !== undefined) return `incident ${n} has another ${other}`
  }
  return undefined
}

/** The SDK alone, which captures incidents: each in a scope that has its context. */
export interface Alone extends Capturing.Capturing {
  readonly arrivals: Arrivals
}

const alone = (client: Sdk.NodeClient, arrivals: Arrivals): Alone => {
  const incidents = new Capturing.Incidents(({ attributes, steps, tags }) => {
    const scope = new Sdk.Scope()
    scope.setClient(client)
    for (const step of steps) scope.addBreadcrumb({ ...step })
    return scope.setTags({ ...tags }).setExtras({ ...attributes })
  })
  let captured = 0
  return {
    arrivals,
    prepare: (count) => incidents.prepare(count),
    capture: (count) => {
      captured += count
      for (let n = 0; n < count; n++) {
        const { context, error } = incidents.take()
        context.captureException(error)
      }
      return arrivals.until(captured)
    }
  }
}

/** A client that makes the same event as this package's and nothing more: no integration, none of the process's parts. */
const bareClient = (arrivals: Arrivals): Sdk.NodeClient => {
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
  return client
}

/** Sets up such a client alone. */
export const make = (): Alone => {
  const arrivals = new Arrivals()
  return alone(bareClient(arrivals), arrivals)
}

/** Makes such a client the one that the SDK's functions capture with, and says where events arrive. */
export const install = (): Arrivals => {
  const arrivals = new Arrivals()
  Sdk.setCurrentClient(bareClient(arrivals))
  return arrivals
}

/** As its documentation sets it up, with its default integrations: in a process of its own, into all of which it hooks. */
export const makeDefault = (): Alone => {
  const arrivals = new Arrivals()
  const client = Sdk.init({
    dsn,
    transport: arrivals.transport,
    release: Incident.release,
    environment: Incident.environment
  })
  if (client === undefined) throw new Error("the SDK made no client")
  return alone(client, arrivals)
}
