import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Path from "node:path"
import { createInterface } from "node:readline"
import { Heartbeat, patienceMs } from "../../scripts/notifications/Heartbeat.ts"
import { alertsOf, lines } from "../../scripts/notifications/Notification.ts"

const alert = {
  status: "firing",
  labels: { alertname: "HighErrorRate", severity: "critical", job: "dawsos" },
  annotations: {
    summary: "Too many fail",
    description: "12 % of requests",
    runbook_url: "http://r/",
    dashboard: "http://d/"
  },
  startsAt: "2026-01-05T09:30:00Z",
  endsAt: "0001-01-01T00:00:00Z"
}
const body = (...alerts: ReadonlyArray<unknown>) => JSON.stringify({ version: "4", alerts })
const shown = (...alerts: ReadonlyArray<unknown>) => alertsOf(body(...alerts))?.map((one) => lines(one).join("\n"))

describe("the service notifications", () => {
  it("shows what fires, since when, and where to look", () => {
    assert.deepStrictEqual(shown(alert), [[
      "FIRING   critical HighErrorRate job=dawsos since 2026-01-05T09:30:00Z",
      "  Too many fail",
      "  12 % of requests",
      "  runbook    http://r/",
      "  dashboard  http://d/"
    ].join("\n")])
  })

  it("shows what has gone, until when, and not what it was like", () => {
    const [text] = shown({ ...alert, status: "resolved", endsAt: "2026-01-05T09:40:00Z" }) ?? []
    assert.strictEqual(
      text?.split("\n")[0],
      "RESOLVED critical HighErrorRate job=dawsos until 2026-01-05T09:40:00Z"
    )
    assert.notInclude(text ?? "", "12 %")
  })

  it("refuses what Alertmanager never sends", () => {
    for (
      const other of [
        "",
        "null",
        "[]",
        "{}",
        body(),
        body(null),
        body({ ...alert, status: "odd" }),
        body({ status: "firing" })
      ]
    ) {
      assert.strictEqual(alertsOf(other), undefined, other)
    }
  })

  it("writes no line that was sent to look like a line of the log", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, text) => {
      const [one] = shown({
        ...alert,
        labels: { alertname: name, severity: name },
        annotations: { summary: text, description: text },
        startsAt: text
      }) ?? []
      const all = one?.split("\n") ?? []
      assert.isTrue(all[0]?.startsWith("FIRING"))
      for (const line of all.slice(1)) assert.isTrue(line.startsWith("  "))
      assert.notMatch(all.join(""), /\p{C}/u)
    }))
  })

  it("says that the heartbeat is missed, once, and that it is back", () => {
    const heartbeat = new Heartbeat(0)
    assert.match(heartbeat.beat(1000) ?? "", /arrives/)
    assert.strictEqual(heartbeat.beat(61_000), undefined)
    assert.strictEqual(heartbeat.look(61_000 + patienceMs - 1), undefined)
    assert.match(heartbeat.look(61_000 + patienceMs) ?? "", /MISSED: none since 1970-01-01T00:01:01.000Z/)
    assert.strictEqual(heartbeat.look(61_000 + 2 * patienceMs), undefined)
    assert.match(heartbeat.beat(62_000 + 2 * patienceMs) ?? "", /is back/)
  })

  it("says that a heartbeat is missed which has never arrived", () => {
    const heartbeat = new Heartbeat(0)
    assert.strictEqual(heartbeat.look(patienceMs - 1), undefined)
    assert.match(heartbeat.look(patienceMs) ?? "", /MISSED/)
  })

  it("answers as a program of its own, and ends when it is asked to", async () => {
    const root = Path.resolve(import.meta.dirname, "../..")
    const child = spawn(process.execPath, ["scripts/notifications/main.ts"], {
      cwd: root,
      env: { NOTIFICATIONS_ADDRESS: "127.0.0.1:0" },
      stdio: ["ignore", "pipe", "inherit"]
    })
    try {
      const output: Array<string> = []
      const reader = createInterface(child.stdout)
      const [first] = await once(reader, "line") as [string]
      reader.on("line", (line) => output.push(line))
      const url = `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(first)?.[1]}`
      const post = async (path: string, text: string) =>
        (await fetch(`${url}${path}`, { method: "POST", body: text })).status
      assert.strictEqual((await fetch(`${url}/healthz`)).status, 200)
      assert.strictEqual(await post("/alerts", body(alert)), 200)
      assert.strictEqual(await post("/heartbeat", body(alert)), 200)
      assert.strictEqual(await post("/heartbeat", body(alert)), 200)
      assert.strictEqual(await post("/alerts", "{}"), 400)
      assert.strictEqual(await post("/alerts", " ".repeat(1024 * 1024 + 1)), 413)
      assert.strictEqual(await post("/other", body(alert)), 404)
      assert.strictEqual((await fetch(`${url}/alerts`)).status, 405)
      child.kill("SIGTERM")
      const [code] = await once(child, "close") as [number | null]
      assert.strictEqual(code, 0)
      assert.lengthOf(output.filter((line) => line.includes("HighErrorRate")), 1)
      assert.lengthOf(output.filter((line) => line.includes("HEARTBEAT arrives")), 1)
    } finally {
      child.kill("SIGKILL")
    }
  })

  it("refuses an address that is none, and says what is allowed", async () => {
    const child = spawn(process.execPath, ["scripts/notifications/main.ts"], {
      cwd: Path.resolve(import.meta.dirname, "../.."),
      env: { NOTIFICATIONS_ADDRESS: "everywhere" },
      stdio: ["ignore", "ignore", "pipe"]
    })
    let text = ""
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
    })
    const [code] = await once(child, "close") as [number | null]
    assert.strictEqual(code, 2)
    assert.strictEqual(text, "NOTIFICATIONS_ADDRESS is \"everywhere\". Allowed: host:port, as 127.0.0.1:8025.\n")
  })
})
