/** The links of a dashboard. */
import * as Json from "../Json.ts"
import type { DashboardText, Panel } from "./DashboardText.ts"

/** A link and where it is. */
export interface Link {
  readonly where: string
  readonly fields: Json.Fields
}

const linkIn = (before: string) => (link: unknown): Link => {
  const fields = Json.fields(link)
  return { where: `${before}link ${JSON.stringify(Json.text(fields.title))}`, fields }
}

/** The links of a panel, of its data, and of single columns. */
export const ofPanel = ({ fields, where }: Panel): ReadonlyArray<Link> => {
  const { defaults, overrides } = Json.fields(fields.fieldConfig)
  const overridden = Json.list(overrides).flatMap((override) =>
    Json.list(Json.fields(override).properties).flatMap((property) => {
      const { id, value } = Json.fields(property)
      return id === "links" ? Json.list(value) : []
    })
  )
  return [...Json.list(fields.links), ...Json.list(Json.fields(defaults).links), ...overridden].map(
    linkIn(`${where}, `)
  )
}

/** Every link of a dashboard. */
export const of = ({ fields, panels }: DashboardText): ReadonlyArray<Link> => [
  ...Json.list(fields.links).map(linkIn("")),
  ...panels.flatMap(ofPanel)
]

/** The uid in the address of a dashboard; undefined where it is another address. */
export const uidIn = (url: string): string | undefined => /(?:^|\/)d\/([^/?#]+)/.exec(url)?.[1]

/** The variables that the address of a dashboard sets. */
export const variablesIn = (url: string): ReadonlyArray<string> =>
  [...url.matchAll(/[?&](?:var-([^=&]+)=|\$\{(\w+):queryparam\})/g)].map((found) => found[1] ?? found[2] ?? "")
