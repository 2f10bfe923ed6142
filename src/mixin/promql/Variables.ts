/**
 * The variables of a dashboard in an expression. Grafana fills them in before Prometheus sees the expression, so PromQL's
 * grammar knows none of them: to be parsed, each is replaced by something that may stand where it stands.
 */

/** A variable that was replaced, by its place in the text that came out. */
export interface Replaced {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** What stands where a variable names a metric or a label. */
export const placeholder = "__variable"

const variable = /\$\{([A-Za-z_]\w*)(?:[.:][^}]*)?\}|\$([A-Za-z_]\w*)|\[\[([A-Za-z_]\w*)(?::[^\]]*)?\]\]/g

const nameOf = (found: ReadonlyArray<string | undefined>): string => found[1] ?? found[2] ?? found[3] ?? ""

/** A text with its variables filled in; one without a value stays. */
export const fill = (text: string, valueOf: (name: string) => string | undefined): string =>
  text.replace(
    variable,
    (whole, ...groups: ReadonlyArray<string | undefined>) => valueOf(nameOf([whole, ...groups])) ?? whole
  )

/** The variables that a text names: `$name`, `${name}`, `${name:format}` and `[[name]]`. */
export const names = (text: string): ReadonlyArray<string> => [...new Set([...text.matchAll(variable)].map(nameOf))]

const isDuration = (name: string): boolean => /^__(rate_interval|interval|range)$/.test(name)

/** What may stand in place of a variable, from what stands before and after it. */
const stand = (name: string, before: string, after: string): string => {
  let quote = ""
  let brackets = 0
  for (let at = 0; at < before.length; at++) {
    const character = before[at] ?? ""
    if (quote !== "") {
      if (character === "\\" && quote !== "`") at++
      else if (character === quote) quote = ""
    } else if (/["'`]/.test(character)) quote = character
    else if (character === "[") brackets++
    else if (character === "]") brackets--
  }
  if (quote !== "") return placeholder
  if (isDuration(name) || brackets > 0 || /\boffset\s+-?$/.test(before)) return "1m"
  const isName = /^\s*[{[]/.test(after) || /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*$/.test(before)
  return isName ? placeholder : "1"
}

/** An expression without variables, and where they were. */
export const replace = (
  expression: string
): { readonly text: string; readonly replaced: ReadonlyArray<Replaced> } => {
  const replaced: Array<Replaced> = []
  let text = ""
  let end = 0
  for (const found of expression.matchAll(variable)) {
    const name = nameOf(found)
    text += expression.slice(end, found.index)
    end = found.index + found[0].length
    const instead = stand(name, text, expression.slice(end))
    replaced.push({ name, from: text.length, to: text.length + instead.length })
    text += instead
  }
  return { text: text + expression.slice(end), replaced }
}
