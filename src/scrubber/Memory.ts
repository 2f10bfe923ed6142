/** What was said of a text, as long as it is asked for now and then. */
export interface Recent<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, value: A) => void
}

/**
 * Remembers as many texts as `most` in each of two generations, none longer than `longest`. What is asked for again
 * outlives its generation, so that a flood of foreign ones pushes out only what nobody asks for.
 */
export const recent = <A>(most: number, longest: number): Recent<A> => {
  let young = new Map<string, A>()
  let old = new Map<string, A>()
  const set = (key: string, value: A): void => {
    if (key.length > longest) return
    if (young.size >= most) {
      old = young
      young = new Map()
    }
    young.set(copy(key), value)
  }
  return {
    get: (key) => {
      const known = young.get(key)
      if (known !== undefined) return known
      const former = old.get(key)
      if (former !== undefined) set(key, former)
      return former
    },
    set
  }
}

/** Answers a function from what it answered before: a program has a fixed number of keys and routes. See {@link recent}. */
export const remembering = <A>(run: (key: string) => A, most: number, longest: number): (key: string) => A => {
  const known = recent<A>(most, longest)
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    const made = run(key)
    known.set(key, made)
    return made
  }
}

/** V8 copies what is shorter when it is cut out. */
const shortestPart = 13

/**
 * A text to be kept for long: what is cut out of another text may keep all of that one, and the secrets in it. As the
 * name of a property a text becomes the one of its content that V8 keeps, which is the very text of a program's literals:
 * looking one of these up compares no characters.
 */
export const copy = (text: string): string => {
  if (text.length < shortestPart) return text
  for (const name in { [text]: true }) return name
  return text
}
