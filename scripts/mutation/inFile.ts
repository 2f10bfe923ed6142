import type { Mutation } from "./Mutation.ts"

/** What is broken, as the sentence that does not hold any more; a text that occurs once in the file; its replacement. */
type Breakage = readonly [breaks: string, search: string, replace: string]

/** Breakages of one file, each of which every one of these test files notices. */
export const inFile = (
  file: string,
  tests: ReadonlyArray<string>,
  ...breakages: ReadonlyArray<Breakage>
): ReadonlyArray<Mutation> => breakages.map(([breaks, search, replace]) => ({ breaks, file, search, replace, tests }))
