/**
 * Answers a function from what it answered before. A program has a fixed number of keys and routes: at most `most` of
 * them are remembered, none longer than `longest`; foreign ones push them out at worst.
 */
export const remembering = <A>(run: (key: string) => A, most: number, longest: number): (key: string) => A => {
  let memory = new Map<string, A>()
  return (key) => {
    const known = memory.get(key)
    if (known !== undefined) return known
    const made = run(key)
    if (key.length <= longest) {
      if (memory.size >= most) memory = new Map()
      memory.set(key, made)
    }
    return made
  }
}
