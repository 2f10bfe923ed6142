// One deliberate one-line breakage and the test files that must notice it.

export interface Mutation {
  /** What is broken, as a sentence about behaviour. */
  readonly breaks: string
  /** From the root of the repository. */
  readonly file: string
  /** Text that occurs exactly once in the file. */
  readonly search: string
  readonly replace: string
  /** Test files each of which must have a failing test; only these run. */
  readonly tests: ReadonlyArray<string>
}

/** The file with the breakage in it, or why there is none. */
export const apply = (
  mutation: Mutation,
  content: string
): { readonly content: string } | { readonly error: string } => {
  const found = mutation.search === "" ? 0 : content.split(mutation.search).length - 1
  if (found !== 1) return { error: `${mutation.file} has the text to replace ${found} times, not once` }
  if (mutation.search === mutation.replace) return { error: "the replacement changes nothing" }
  if (mutation.tests.length === 0) return { error: "no test file is named" }
  return { content: content.replace(mutation.search, () => mutation.replace) }
}
