/**
 * Waiting for the SDK to be loaded, which may take for ever: events that wait for it have to be given up some time.
 */
class NotLoaded extends Error {
  override readonly name = "NotLoaded"
}

/** How long an event waits for the SDK to be loaded. */
const loadMillis = 5_000

/** What is being loaded, or a failure where it takes too long. */
export const inTime = async <A>(loading: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NotLoaded(`the SDK was not loaded within ${loadMillis} ms`)), loadMillis)
    timer.unref()
  })
  try {
    return await Promise.race([loading, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
