/**
 * Answers a function from what it answered before. A program has a fixed number of keys and routes: as many as `most` of
 * them are remembered in each of two generations, none longer than `longest`. What is asked for again outlives its
 * generation, so that a flood of foreign ones pushes out only what nobody asks for.
 */
export const remembering = <A>(run: (key: string) => A, most: number, longest: number): (key: string) => A => {
  let young = new Map<string, A>()
  let old = new Map<string, A>()
  return (key) => {
    const known = young.get(key)
    if (known !== undefined) return known
    const made = old.get(key) ?? run(key)
    if (key.length <= longest) {
      if (young.size >= most) {
        old = young
        young = new Map()
      }
      young.set(copy(key), made)
    }
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
