/** What a webhook of Alertmanager has been told: its bodies as a list of alerts. */
import * as Schema from "effect/Schema"
import type * as Receiver from "./Receiver.ts"

const Body = Schema.Struct({
  alerts: Schema.Array(Schema.Struct({
    status: Schema.Literals(["firing", "resolved"]),
    labels: Schema.Record(Schema.String, Schema.String)
  }))
})

const decode = Schema.decodeUnknownSync(Body)

/** An alert that somebody was told of. */
export interface Notice {
  /** `name severity`. */
  readonly alert: string
  /** Unix seconds of the request. */
  readonly at: number
}

export interface Notices {
  readonly firing: () => ReadonlyArray<Notice>
  readonly resolved: () => ReadonlyArray<Notice>
}

/** Reads what a webhook receives, the oldest first; a body that is none of Alertmanager's is an error. */
export const from = (webhook: Receiver.Web): Notices => {
  const all = (status: "firing" | "resolved") => (): ReadonlyArray<Notice> =>
    webhook.received().flatMap(({ at, json }) =>
      decode(json).alerts.flatMap((alert) =>
        alert.status === status
          ? [{ alert: `${alert.labels["alertname"]} ${alert.labels["severity"]}`, at }]
          : []
      )
    )
  return { firing: all("firing"), resolved: all("resolved") }
}
