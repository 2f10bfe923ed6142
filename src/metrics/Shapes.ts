/**
 * What V8 knows of objects that are made for each scrape.
 *
 * When a garbage collection finds no object of a shape left, V8 forgets the shape and throws away the code that it has
 * optimised for it: each scrape would begin cold, and take twice as long. So one of each stays.
 */
const kept: Array<object> = []

/** Keeps an object, and with it the shape of those that are made as it was. */
export const keep = (one: object): void => {
  kept.push(one)
}
