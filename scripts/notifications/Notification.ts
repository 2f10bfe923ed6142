// What Alertmanager sends to a webhook, and how a person reads it in a log.

interface Alert {
  readonly status: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The entries that are texts, each on one line: nothing that is sent may look like another line of the log. */
const texts = (value: unknown): Readonly<Record<string, string>> =>
  isRecord(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([key, text]) => typeof text === "string" ? [[key, oneLine(text)]] : [])
    )
    : {}

/** A text without line breaks and other control characters. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").replace(/\p{C}/gu, "").trim()

const alertOf = (value: unknown): Alert | undefined => {
  if (!isRecord(value)) return undefined
  const { annotations, endsAt, labels, startsAt, status } = value
  if (!isRecord(labels) || (status !== "firing" && status !== "resolved")) return undefined
  return {
    status,
    labels: texts(labels),
    annotations: texts(annotations),
    startsAt: typeof startsAt === "string" ? oneLine(startsAt) : "",
    endsAt: typeof endsAt === "string" ? oneLine(endsAt) : ""
  }
}

/** The alerts of a notification; undefined where the body is none of Alertmanager's. */
export const alertsOf = (body: string): ReadonlyArray<Alert> | undefined => {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!isRecord(value) || !Array.isArray(value["alerts"]) || value["alerts"].length === 0) return undefined
  const alerts = value["alerts"].map(alertOf)
  return alerts.every((alert) => alert !== undefined) ? alerts : undefined
}

const title = new Set(["alertname", "severity"])

/** An alert as lines: what, since when, and where to look. */
export const lines = ({ annotations, endsAt, labels, startsAt, status }: Alert): ReadonlyArray<string> => {
  const others = Object.entries(labels).filter(([name]) => !title.has(name)).map(([name, value]) => `${name}=${value}`)
  const moment = status === "resolved" ? `until ${endsAt}` : `since ${startsAt}`
  const head = [
    status.toUpperCase().padEnd(8),
    (labels["severity"] ?? "-").padEnd(8),
    labels["alertname"] ?? "(no name)",
    ...others,
    moment
  ]
  const { dashboard, description, runbook_url, summary } = annotations
  const rest = [
    summary,
    status === "firing" ? description : undefined,
    runbook_url === undefined ? undefined : `runbook    ${runbook_url}`,
    dashboard === undefined ? undefined : `dashboard  ${dashboard}`
  ].flatMap((text) => text === undefined || text === "" ? [] : [`  ${text}`])
  return [head.join(" "), ...rest]
}
