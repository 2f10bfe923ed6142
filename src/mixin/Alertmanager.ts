/**
 * Alertmanager's configuration as data: where an alert goes, what waits for what, and what is not told twice.
 *
 * Receivers are values that routes hold, so that no route can name one that does not exist. Secrets are never part of
 * it: an integration names the file in which Alertmanager finds its secret.
 *
 * @example
 * import { Alertmanager } from "@dawsos/observability/mixin"
 *
 * const desk = Alertmanager.receiver("desk", [Alertmanager.webhook({ url: "http://desk.internal:8025/alerts" })])
 * const pager = Alertmanager.receiver("pager", [Alertmanager.pagerDuty({ routingKeyFile: "/run/secrets/pagerduty_key" })])
 *
 * export const text = Alertmanager.render({
 *   route: {
 *     receiver: desk,
 *     groupBy: ["alertname", "job"],
 *     routes: [{ receiver: pager, matchers: [Alertmanager.is("severity", "critical")], repeatInterval: "1 hour" }]
 *   }
 * })
 */
import type * as Duration from "effect/Duration"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import type { Matcher } from "./promql/Node.ts"
import { duration, quote } from "./promql/Render.ts"
import * as Yaml from "./Yaml.ts"

/** A request with the alerts as JSON to an address of yours. */
export interface Webhook {
  readonly _tag: "Webhook"
  /** The address, unless it is a secret. */
  readonly url?: string | undefined
  /** The file that holds the address. */
  readonly urlFile?: string | undefined
  /** The file that holds a bearer token. */
  readonly credentialsFile?: string | undefined
  /** Whether it is told when alerts have gone, as it is unless said. A heartbeat is not: its end is its absence. */
  readonly sendResolved?: boolean | undefined
}

/** A message to a Slack channel. */
export interface Slack {
  readonly _tag: "Slack"
  readonly channel: string
  /** The file that holds the address of the incoming webhook. */
  readonly apiUrlFile: string
}

/** An incident in PagerDuty, resolved with its alert. */
export interface PagerDuty {
  readonly _tag: "PagerDuty"
  /** The file that holds the integration key (Events API v2). */
  readonly routingKeyFile: string
  /** Another address of the Events API, as the one of PagerDuty's European region. */
  readonly url?: string | undefined
}

/** An e-mail through a server of yours. */
export interface Email {
  readonly _tag: "Email"
  readonly to: ReadonlyArray<string>
  readonly from: string
  /** `host:port` of the mail server. */
  readonly smarthost: string
  readonly username?: string | undefined
  /** The file that holds the user's password; needs a `username`. */
  readonly passwordFile?: string | undefined
  /** Whether a server without encryption is refused. Alertmanager's default is true. */
  readonly requireTls?: boolean | undefined
}

/** A way to reach somebody. */
export type Integration = Webhook | Slack | PagerDuty | Email

/** Whoever is told, in all of these ways. */
export interface Receiver {
  readonly name: string
  readonly integrations: ReadonlyArray<Integration>
}

/** A condition on a label; an alert without the label has the empty value. */
export type { Matcher }

/** Where alerts go: the first of `routes` that matches, else here. */
export interface Route {
  /** The parent's unless given; the root must have one. */
  readonly receiver?: Receiver | undefined
  /** All must hold; the root has none. */
  readonly matchers?: ReadonlyArray<Matcher> | undefined
  /** Alerts with the same values of these labels are told together. */
  readonly groupBy?: ReadonlyArray<string> | undefined
  /** How long the first alert of a group waits for others. */
  readonly groupWait?: Duration.Input | undefined
  /** How long a change of a group that was told already waits. */
  readonly groupInterval?: Duration.Input | undefined
  /** After how long what still fires is told again. */
  readonly repeatInterval?: Duration.Input | undefined
  /** Whether the routes after this one are tried too. */
  readonly continue?: boolean | undefined
  readonly routes?: ReadonlyArray<Route> | undefined
}

/** While a `source` alert fires, `target` alerts with the same values of the labels `equal` are not told. */
export interface Inhibition {
  readonly source: ReadonlyArray<Matcher>
  readonly target: ReadonlyArray<Matcher>
  readonly equal: ReadonlyArray<string>
}

/** The whole configuration. */
export interface Config {
  readonly route: Route
  readonly inhibitions?: ReadonlyArray<Inhibition> | undefined
}

const matcher = (operator: Matcher["operator"]) => (label: string, value: string): Matcher => ({
  label,
  operator,
  value
})

const listed = (operator: Matcher["operator"]) => (label: string, values: ReadonlyArray<string>): Matcher => {
  if (values.length === 0) refuse("Alertmanager", `${label} is compared with no value at all`)
  return { label, operator, value: values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|") }
}

/** The label has exactly this value. */
export const is = matcher("=")

/** The label has another value. */
export const not = matcher("!=")

/** The label has one of these values. */
export const oneOf = listed("=~")

/** The label has none of these values. */
export const noneOf = listed("!~")

const fileName = (where: string, path: string): string =>
  path.startsWith("/") ? path : refuse(where, `the file of a secret was ${path}, allowed are absolute paths`)

const address = (where: string, url: string): string =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? url
    : refuse(where, `an address was ${url}, allowed are http and https addresses`)

/** A request with the alerts as JSON, to an address that is given or that a file holds. */
export const webhook = (
  options:
    & ({ readonly url: string } | { readonly urlFile: string })
    & Pick<Webhook, "credentialsFile" | "sendResolved">
): Webhook => ({
  _tag: "Webhook",
  ...("url" in options ? { url: address("webhook", options.url) } : { urlFile: fileName("webhook", options.urlFile) }),
  credentialsFile: options.credentialsFile === undefined ? undefined : fileName("webhook", options.credentialsFile),
  sendResolved: options.sendResolved
})

/** A message to a Slack channel (`#name`, `@name` or an id). */
export const slack = (options: Omit<Slack, "_tag">): Slack => {
  if (!/^([#@]\S+|[A-Z0-9]{9,})$/.test(options.channel)) {
    refuse("slack", `the channel was ${options.channel}, allowed are #name, @name or an id`)
  }
  fileName("slack", options.apiUrlFile)
  return { _tag: "Slack", ...options }
}

/** An incident in PagerDuty. */
export const pagerDuty = (options: Omit<PagerDuty, "_tag">): PagerDuty => {
  fileName("pagerDuty", options.routingKeyFile)
  if (options.url !== undefined) address("pagerDuty", options.url)
  return { _tag: "PagerDuty", ...options }
}

/** An e-mail. */
export const email = (options: Omit<Email, "_tag">): Email => {
  if (options.to.length === 0) refuse("email", "nobody is written to")
  for (const one of [...options.to, options.from]) {
    if (!/^[^\s@,]+@[^\s@,]+$/.test(one)) refuse("email", `an address was ${one}, allowed are name@host`)
  }
  if (!/^\S+:\d+$/.test(options.smarthost)) {
    refuse("email", `the mail server was ${options.smarthost}, allowed are host:port`)
  }
  if (options.passwordFile !== undefined) {
    fileName("email", options.passwordFile)
    if (options.username === undefined) refuse("email", "a password without a username")
  }
  return { _tag: "Email", ...options }
}

/** A receiver by its name. */
export const receiver = (name: string, integrations: ReadonlyArray<Integration>): Receiver => {
  if (!/^[\w .-]+$/.test(name)) refuse("receiver", `a name was ${name}, allowed are letters, digits, space, . _ and -`)
  return { name, integrations }
}

const walk = (route: Route): ReadonlyArray<Route> => [route, ...(route.routes ?? []).flatMap(walk)]

/** The receivers that routes hold, in the order in which they are met. */
export const receivers = ({ route }: Config): ReadonlyArray<Receiver> => {
  const found = new Map<string, Receiver>()
  for (const { receiver } of walk(route)) {
    if (receiver === undefined) continue
    if ((found.get(receiver.name) ?? receiver) !== receiver) refuse(receiver.name, "two receivers have this name")
    found.set(receiver.name, receiver)
  }
  return [...found.values()]
}

/** Whether alerts with these labels meet all conditions. */
const meets = (matchers: ReadonlyArray<Matcher>, labels: Readonly<Record<string, string>>): boolean =>
  matchers.every(({ label, operator, value }) => {
    const actual = labels[label] ?? ""
    const same = operator === "=" || operator === "!="
      ? actual === value
      : new RegExp(`^(?:${value})$`, "s").test(actual)
    return same === (operator === "=" || operator === "=~")
  })

const routed = (
  route: Route,
  labels: Readonly<Record<string, string>>,
  inherited: Receiver | undefined
): ReadonlyArray<Receiver> => {
  const own = route.receiver ?? inherited
  const below: Array<Receiver> = []
  for (const child of route.routes ?? []) {
    if (!meets(child.matchers ?? [], labels)) continue
    below.push(...routed(child, labels, own))
    if (child.continue !== true) break
  }
  return below.length > 0 || own === undefined ? below : [own]
}

/** Who is told of an alert with these labels: what `amtool config routes test` answers. */
export const receiversOf = (config: Config, labels: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  routed(config.route, labels, undefined).map(({ name }) => name)

/** Whether an alert is kept back while another one fires. */
export const inhibits = (
  config: Config,
  source: Readonly<Record<string, string>>,
  target: Readonly<Record<string, string>>
): boolean =>
  (config.inhibitions ?? []).some((rule) =>
    meets(rule.source, source) &&
    meets(rule.target, target) &&
    rule.equal.every((label) => (source[label] ?? "") === (target[label] ?? ""))
  )

const title = [
  "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}]",
  "{{ .CommonLabels.alertname }}{{ with .CommonLabels.severity }} ({{ . }}){{ end }}",
  "{{ .CommonAnnotations.summary }}"
].join(" ")

/** For each alert: what it is, and where to look. */
const body = (link: (label: string, url: string) => string): string =>
  [
    "{{ range .Alerts }}{{ .Status | toUpper }} since " +
    "{{ if eq .Status \"resolved\" }}{{ .EndsAt.UTC.Format \"2006-01-02 15:04:05\" }}" +
    "{{ else }}{{ .StartsAt.UTC.Format \"2006-01-02 15:04:05\" }}{{ end }} UTC",
    "{{ .Annotations.description }}",
    `{{ with .Annotations.runbook_url }}${link("Runbook", "{{ . }}")}`,
    `{{ end }}{{ with .Annotations.dashboard }}${link("Dashboard", "{{ . }}")}`,
    "{{ end }}",
    "{{ end }}"
  ].join("\n")

const integration = (where: Integration): readonly [string, { readonly [key: string]: Yaml.Value | undefined }] => {
  switch (where._tag) {
    case "Webhook":
      return ["webhook_configs", {
        url: where.url,
        url_file: where.urlFile,
        send_resolved: where.sendResolved ?? true,
        http_config: where.credentialsFile === undefined
          ? undefined
          : { authorization: { credentials_file: where.credentialsFile } }
      }]
    case "Slack":
      return ["slack_configs", {
        api_url_file: where.apiUrlFile,
        channel: where.channel,
        send_resolved: true,
        color:
          "{{ if eq .Status \"resolved\" }}good{{ else if eq .CommonLabels.severity \"critical\" }}danger{{ else }}warning{{ end }}",
        title,
        text: body((label, url) => `<${url}|${label}>`)
      }]
    case "PagerDuty":
      return ["pagerduty_configs", {
        routing_key_file: where.routingKeyFile,
        url: where.url,
        send_resolved: true,
        severity: "{{ with .CommonLabels.severity }}{{ . }}{{ else }}error{{ end }}",
        description: title,
        class: "{{ .CommonLabels.alertname }}",
        component: "{{ .CommonLabels.job }}",
        links: [
          { href: "{{ (index .Alerts 0).Annotations.runbook_url }}", text: "Runbook" },
          { href: "{{ (index .Alerts 0).Annotations.dashboard }}", text: "Dashboard" }
        ]
      }]
    case "Email":
      return ["email_configs", {
        to: where.to.join(", "),
        from: where.from,
        smarthost: where.smarthost,
        auth_username: where.username,
        auth_password_file: where.passwordFile,
        require_tls: where.requireTls,
        send_resolved: true,
        headers: { Subject: title },
        text: body((label, url) => `${label}: ${url}`)
      }]
  }
}

const receiverYaml = ({ integrations, name }: Receiver): Yaml.Value => {
  const lists = new Map<string, Array<Yaml.Value>>()
  for (const [key, value] of integrations.map(integration)) lists.set(key, [...(lists.get(key) ?? []), value])
  return { name, ...Object.fromEntries(lists) }
}

const matcherText = ({ label, operator, value }: Matcher): string => `${label}${operator}${quote(value)}`

const time = (input: Duration.Input | undefined): string | undefined =>
  input === undefined ? undefined : duration(PromQL.milliseconds("route", input))

const routeYaml = (route: Route): { readonly [key: string]: Yaml.Value | undefined } => ({
  receiver: route.receiver?.name,
  matchers: route.matchers?.map(matcherText),
  group_by: route.groupBy,
  group_wait: time(route.groupWait),
  group_interval: time(route.groupInterval),
  repeat_interval: time(route.repeatInterval),
  continue: route.continue,
  routes: route.routes?.map(routeYaml)
})

const check = (config: Config): void => {
  if (config.route.receiver === undefined) refuse("route", "the root has no receiver")
  if (config.route.matchers !== undefined) refuse("route", "the root takes every alert and has no matchers")
  for (const { equal, source, target } of config.inhibitions ?? []) {
    if (source.length === 0 || target.length === 0) refuse("inhibition", "a side has no matchers and so is every alert")
    if (new Set(equal).size < equal.length) refuse("inhibition", `a label is named twice: ${equal.join(", ")}`)
  }
}

/** The text of `alertmanager.yml`. Raises `MixinError` for what Alertmanager would refuse. */
export const render = (config: Config, header = "Generated: where alerts go."): string => {
  check(config)
  return Yaml.file(header, {
    route: routeYaml(config.route),
    inhibit_rules: (config.inhibitions ?? []).map(({ equal, source, target }) => ({
      source_matchers: source.map(matcherText),
      target_matchers: target.map(matcherText),
      equal
    })),
    receivers: receivers(config).map(receiverYaml)
  })
}
