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
      memory.set(copy(key), made)
    }
    return made
  }
}

/** How many texts are remembered at most; a power of two. */
const places = 1_024

/** Longer texts are seldom the same. */
const longestText = 64

/**
 * Answers a function that leaves most short texts as they are without running it on those that it has left so twice.
 * Only these are remembered, so that nothing that was found in a text stays here. Each has one place, from which
 * another may push it out: whatever the texts are, remembering takes no longer.
 */
export const rememberingUnchanged = (run: (text: string) => string): (text: string) => string => {
  const unchanged = Array.from({ length: places }, () => "")
  // The marks of those that were seen once.
  const seen = new Int32Array(places)
  return (text) => {
    const { length } = text
    if (length === 0 || length > longestText) return run(text)
    const mark = markOf(text)
    const place = mark & places - 1
    if (unchanged[place] === text) return text
    const shown = run(text)
    if (shown !== text) return shown
    if (seen[place] === mark) unchanged[place] = copy(text)
    else seen[place] = mark
    return shown
  }
}

/** A number that few texts share. */
const markOf = (text: string): number => {
  const { length } = text
  const [first, middle, last] = [text.charCodeAt(0), text.charCodeAt(length >> 1), text.charCodeAt(length - 1)]
  return 31 * length + 7 * first + 131 * middle + last
}

/** Kept for long: what is cut out of another text may keep all of that one. */
const copy = (text: string): string => JSON.parse(JSON.stringify(text))
