// With nothing configured, somebody answers: Alertmanager with the committed file, and the compose file's own service.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alertmanager from "../support/Alertmanager.ts"
import * as Deadline from "../support/Deadline.ts"
import * as Notifications from "../support/Notifications.ts"
import * as Stack from "../support/Stack.ts"

describe("notifications without a receiver", () => {
  it.live("are printed by the compose file's service, and the heartbeat is heard", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 10 })
      const notifications = yield* Notifications.start(stack)
      const alertmanager = yield* Alertmanager.start(stack)
      yield* alertmanager.post({
        labels: { alertname: "Tried", severity: "critical", job: "dawsos" },
        annotations: { summary: "A trial", runbook_url: "http://localhost:9090/user/Tried.md" }
      })
      yield* alertmanager.post({ labels: { alertname: "Watchdog", severity: "info" } })
      const output = yield* Deadline.eventually(notifications.output, {
        what: "both are printed",
        until: (output) => output.includes("Tried") && output.includes("HEARTBEAT arrives")
      })
      expect(output).toMatch(/FIRING {3}critical Tried job=dawsos since .*\n {2}A trial\n {2}runbook {4}http:/)
      expect(yield* alertmanager.output).not.toMatch(/level=(WARN|ERROR).*notify/i)
    }))
})
