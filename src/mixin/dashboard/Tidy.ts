/** What the SDK builds, without what it says though it is not so, in the order in which a person reads it. */
import type {
  Dashboard,
  DashboardLink,
  Panel,
  RowPanel,
  VariableModel
} from "@grafana/grafana-foundation-sdk/dashboard"
import * as Fields from "./Fields.ts"

const rank = (first: ReadonlyArray<string>, name: string): number => {
  const index = first.indexOf(name)
  return index === -1 ? first.length : index
}

/** The fields of an object, some of them first. */
const inOrder = <T extends object>(value: T, ...first: ReadonlyArray<keyof T & string>): T =>
  Object.fromEntries(Object.entries(value).sort(([one], [other]) => rank(first, one) - rank(first, other))) as T

/** A data link has a title and an address, no more: the rest is of a dashboard's links. */
const panel = (source: Panel): Panel => {
  const { repeatDirection: _direction, transparent: _transparent, ...rest } = source
  const { defaults, overrides = [] } = rest.fieldConfig ?? {}
  const { links = [], ...others } = defaults ?? {}
  // The SDK gives both kinds of link one type.
  const dataLinks = links.map(Fields.dataLink) as Array<DashboardLink>
  const tidied: Panel = {
    ...rest,
    fieldConfig: { defaults: { ...others, ...(links.length === 0 ? {} : { links: dataLinks }) }, overrides }
  }
  return inOrder(tidied, "id", "type", "title", "description", "gridPos", "datasource", "interval", "targets")
}

/** Without the settings of other kinds of variable, which the SDK adds to each. */
const variable = (
  { allowCustomValue: _custom, auto: _auto, auto_count: _count, auto_min: _min, skipUrlSync: _url, ...rest }:
    VariableModel
): VariableModel => rest

/** Without the placement in a menu that would hide what is to be seen. */
const shown = <T extends { readonly placement?: unknown }>(
  { placement: _placement, ...rest }: T
): Omit<T, "placement"> => rest

const isRow = (one: Panel | RowPanel): one is RowPanel => one.type === "row"

/** The whole dashboard. */
export const dashboard = (source: Dashboard): Dashboard =>
  inOrder(
    {
      ...source,
      templating: { list: source.templating.list?.map(variable) ?? [] },
      annotations: { list: source.annotations.list?.map(shown) ?? [] },
      links: source.links?.map(shown) ?? [],
      panels: source.panels?.map((one) => isRow(one) ? one : panel(one)) ?? []
    },
    "uid",
    "title",
    "description",
    "tags",
    "schemaVersion",
    "refresh",
    "time",
    "templating",
    "links"
  )
