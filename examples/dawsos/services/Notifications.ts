/** Delivers alerts; what cannot be delivered waits in the dead-letter queue and is tried again at 1, 5 and 30 min. */
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { localServer, sendJson } from "../LocalServer.ts"
import { Settings } from "../Settings.ts"

export const deliveryMethods = ["inapp", "email", "webhook"] as const

export type DeliveryMethod = typeof deliveryMethods[number]

export type DeliveryStatus = "success" | "error" | "dead_letter"

export interface Notification {
  readonly alert_id: string
  readonly user_id: string
  readonly delivery_method: DeliveryMethod
  readonly message: string
}

const retryDelays = [Duration.minutes(1), Duration.minutes(5), Duration.minutes(30)]

const observed = (method: string) => DawsOs.withServiceMetrics({ service: "NotificationService", method })

/** What receives webhooks and mail: refuses the first of each, so that the queue has something to do. */
export class WebhookSink extends Context.Service<WebhookSink, {
  readonly url: string
  readonly received: () => number
}>()("dawsos/WebhookSink") {
  static readonly layer = Layer.effect(
    WebhookSink,
    Effect.gen(function*() {
      const seen = new Set<string>()
      let received = 0
      const url = yield* localServer((request, response) => {
        request.resume().on("end", () => {
          const path = request.url ?? "/"
          if (!seen.has(path)) {
            seen.add(path)
            return sendJson(response, 503, { error: "not ready" })
          }
          received += 1
          sendJson(response, 202, { accepted: true })
        })
      })
      return WebhookSink.of({ url, received: () => received })
    })
  )
}

export class Notifications extends Context.Service<Notifications>()("dawsos/NotificationService", {
  make: Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const settings = yield* Settings
    const sink = yield* WebhookSink
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)

    const deliver = Effect.fn(function*({ alert_id, delivery_method, message, user_id }: Notification) {
      if (delivery_method !== "inapp") {
        yield* HttpClientRequest.post(`${sink.url}/${delivery_method}`).pipe(
          HttpClientRequest.bodyJson({ alert_id, message }),
          Effect.flatMap(client.execute),
          Effect.timeout("5 seconds")
        )
      }
      yield* sql`
        insert into notifications ${sql.insert({ alert_id, user_id, delivery_method, message })}`
    }, observed("deliver"))

    const nextAttempt = (attempts: number) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const delay = retryDelays[Math.min(attempts, retryDelays.length) - 1] ?? Duration.minutes(1)
        return new Date(now + Duration.toMillis(Settings.scaled(settings, delay)))
      })

    /** The `attempts`-th try; a failure is logged, and is the last after as many retries as there are delays. */
    const attempt = (notification: Notification, attempts: number) =>
      deliver(notification).pipe(
        Effect.as("success" as DeliveryStatus),
        Effect.catch((error) =>
          Effect.as(
            Effect.logWarning("a notification could not be delivered", {
              delivery_method: notification.delivery_method,
              attempts,
              error: error._tag
            }),
            (attempts > retryDelays.length ? "dead_letter" : "error") as DeliveryStatus
          )
        ),
        Effect.tap((status) => DawsOs.recordAlertDelivered({ deliveryMethod: notification.delivery_method, status }))
      )

    /** Delivers, or puts the notification into the dead-letter queue. */
    const send = Effect.fn(function*(notification: Notification) {
      const status = yield* attempt(notification, 1)
      if (status !== "success") {
        yield* sql`insert into dlq ${
          sql.insert({ ...notification, attempts: 1, next_attempt_at: yield* nextAttempt(1) })
        }`
      }
      return status
    }, observed("send"))

    /** Tries what is due again; after the last attempt an entry stays as dead letter. */
    const retryDue = Effect.fn(function*() {
      const due = yield* sql<Notification & { readonly id: number; readonly attempts: number }>`
        select id, alert_id, user_id, delivery_method, message, attempts from dlq
        where status = 'waiting' and next_attempt_at <= ${new Date(yield* Clock.currentTimeMillis)} order by id`
      return yield* Effect.forEach(
        due,
        Effect.fnUntraced(function*(entry) {
          const attempts = entry.attempts + 1
          const status = yield* attempt(entry, attempts)
          const then = { success: "delivered", error: "waiting", dead_letter: "dead" }[status]
          yield* sql`
            update dlq set attempts = ${attempts}, next_attempt_at = ${yield* nextAttempt(attempts)}, status = ${then}
            where id = ${entry.id}`
          return status
        })
      )
    }, observed("retry_due"))

    return { deliver, send, retryDue }
  })
}) {
  static readonly layer = Layer.effect(Notifications, Notifications.make)
}
