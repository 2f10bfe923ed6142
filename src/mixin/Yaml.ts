/** YAML that Go reads as it was meant: what YAML 1.1 would take for a boolean, a number or a date is quoted. */
import * as Yaml from "yaml"

/** Anything that YAML can write; fields that are undefined are left out. */
export type Value =
  | string
  | number
  | boolean
  | ReadonlyArray<Value>
  | { readonly [key: string]: Value | undefined }

/**
 * The text of a YAML file: a header as comment lines, then the value with its keys in the order in which they stand.
 * Texts of several lines are written as blocks, lines are never folded.
 */
export const file = (header: string, value: Value): string => {
  const comment = header.split("\n").map((line) => `# ${line}`.trimEnd()).join("\n")
  return `${comment}\n${Yaml.stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false })}`
}
