/** What a webhook of Alertmanager has been told: its bodies as a list of alerts. */
import * as Schema from "effect/Schema"
import type * as Receiver from "./Receiver.ts"

const Status = Schema.Literals(["firing", "resolved"])

const Body = Schema.Struct({
  /** `resolved` when no alert of the group fires any more. */
  status: Status,
  alerts: Schema.Array(Schema.Struct({
    status: Status,
    labels: Schema.Record(Schema.String, Schema.String)
  }))
})

const decode = Schema.decodeUnknownSync(Body)

/** Somebody was told of an alert. */
export interface Notice {
  /** `name severity`. */
  readonly alert: string
  /** Unix seconds. */
  readonly at: number
}

/** An alert by its name and severity, the same for every rule of that name and severity. */
export const nameOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels["alertname"]} ${labels["severity"]}`

export interface Notices {
  /** Each time an alert was said to fire. */
  readonly firing: () => ReadonlyArray<Notice>
  /** Each time an alert was said to be over, for all that it had fired for. */
  readonly over: () => ReadonlyArray<Notice>
}

/** Reads what a webhook receives, the oldest first; a body that is none of Alertmanager's is an error. */
export const from = (webhook: Receiver.Web): Notices => {
  const bodies = () => webhook.received().map(({ at, json }) => ({ at, ...decode(json) }))
  return {
    firing: () =>
      bodies().flatMap(({ alerts, at }) =>
        alerts.flatMap(({ labels, status }) => status === "firing" ? [{ alert: nameOf(labels), at }] : [])
      ),
    over: () =>
      bodies().flatMap(({ alerts, at, status }) =>
        status === "resolved" ? alerts.map(({ labels }) => ({ alert: nameOf(labels), at })) : []
      )
  }
}
