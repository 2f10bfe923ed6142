/**
 * Ids of traces and spans as 32-bit words, most significant first.
 *
 * A word fits a field of an object as it is; as hexadecimal text an id takes four times the room, and time to make and
 * to read again.
 */

/** The hexadecimal digits of a trace's id. */
export const traceIdLength = 32

/** The hexadecimal digits of a span's id. */
export const spanIdLength = 16

/** The word that begins at the digit `offset`, as a signed number; throws where that is no hexadecimal. */
export const word = (hex: string, offset: number): number => {
  let value = 0
  for (let i = offset; i < offset + 8; i++) value = value << 4 | digit(hex, i)
  return value
}

const digit = (hex: string, index: number): number => {
  const code = hex.charCodeAt(index)
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  if (letter >= 97 && letter <= 102) return letter - 87
  throw new RangeError(`an id has ${JSON.stringify(hex[index])}, allowed are hexadecimal digits`)
}

const scratch = Buffer.alloc(16)

/** A trace's id as text. */
export const traceId = (word0: number, word1: number, word2: number, word3: number): string => {
  scratch.writeInt32BE(word0, 0)
  scratch.writeInt32BE(word1, 4)
  scratch.writeInt32BE(word2, 8)
  scratch.writeInt32BE(word3, 12)
  return scratch.toString("hex")
}

/** A span's id as text. */
export const spanId = (word0: number, word1: number): string => {
  scratch.writeInt32BE(word0, 0)
  scratch.writeInt32BE(word1, 4)
  return scratch.toString("hex", 0, 8)
}

/** Whether a text is the id of a trace. */
export const isTraceId = (text: string): boolean => /^[\da-f]{32}$/i.test(text)

/** Whether a text is the id of a span. */
export const isSpanId = (text: string): boolean => /^[\da-f]{16}$/i.test(text)
