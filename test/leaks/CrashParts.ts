// The parts of an error with which a program crashes. Without imports, as both sides of the process use it.

export type Part = "message" | "cause" | "field"

export const parts: ReadonlyArray<Part> = ["message", "cause", "field"]

/** In which part the secret of this number stands. */
export const partOf = (index: number): Part => parts[index % parts.length] ?? "message"

/** A word that stands before each secret of a part. */
export const markerOf = (part: Part): string => `zqcrash${part}qz`
