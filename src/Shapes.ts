/**
 * What V8 knows of objects that are made again and again and live for a moment.
 *
 * When a full garbage collection finds no object of a shape left, V8 forgets the shape and throws away all code that it
 * has optimised for it. What is made for a span or for a scrape has often just ended, and then an operation takes ten
 * times as long until its code is compiled anew. So one of each stays.
 */
const kept: Array<object> = []

/** Keeps an object, and with it the shape of those that are made as it was; once for each, for the life of the process. */
export const keep = (one: object): void => {
  kept.push(one)
}
