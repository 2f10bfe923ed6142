/** Regular expressions as Prometheus reads them: RE2, anchored at both ends, `.` matches a line break too. */

/** What RE2 refuses and JavaScript takes. */
const beyondRe2 = /\(\?(?:=|!|<=|<!|<(?!\w+>))|\\[1-9]/

/** Compiles a pattern; undefined when it is none, or one that RE2 does not know. */
export const compile = (pattern: string): RegExp | undefined => {
  const [, flags = "", rest = pattern] = /^\(\?([is]+)\)([^]*)$/.exec(pattern) ?? []
  if (beyondRe2.test(rest)) return undefined
  try {
    return new RegExp(`^(?:${rest})$`, flags.includes("i") ? "is" : "s")
  } catch {
    return undefined
  }
}

/** The alternatives of a pattern that is a plain list of them (`a|b|c`); else the pattern itself. */
export const alternatives = (pattern: string): ReadonlyArray<string> =>
  /[()[\]]/.test(pattern.replace(/\\./g, "")) ? [pattern] : pattern.split(/(?<!\\)\|/)
