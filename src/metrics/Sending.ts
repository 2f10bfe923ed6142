/**
 * Sends a page as fast as it is read: one chunk at a time is in memory, in a buffer that the next one is written into
 * when the socket has taken it.
 */
import * as Effect from "effect/Effect"
import type { OutgoingHttpHeaders, ServerResponse } from "node:http"
import { Lines } from "./Lines.ts"
import type * as Page from "./Page.ts"

const isGone = (response: ServerResponse): boolean => response.destroyed || response.req.socket.destroyed

/** Waits until the socket has taken the bytes; false when it won't. */
const taken = (response: ServerResponse, bytes: Uint8Array): Promise<boolean> =>
  // Of what is written to a connection that is gone, nobody is told.
  isGone(response)
    ? Promise.resolve(false)
    : new Promise((resume) => void response.write(bytes, (error) => resume(error === undefined || error === null)))

/**
 * Answers with a page, when the answer has its connection. What fits into one chunk has its length told. An answer that
 * does not come to its end, because the page can't be written or nobody waits for it any more, must not look whole: it is
 * cut.
 */
export const send = (
  page: Page.Page,
  response: ServerResponse,
  headers: OutgoingHttpHeaders
): Effect.Effect<void> =>
  // As soon as it is known: whoever handles an answer after this looks whether it is destroyed.
  Effect.onInterrupt(
    Effect.promise(() => written(page, response, headers)),
    () => Effect.sync(() => void response.destroy())
  )

const written = async (
  page: Page.Page,
  response: ServerResponse,
  headers: OutgoingHttpHeaders
): Promise<void> => {
  if (isGone(response)) return
  const lines = new Lines()
  const reading = page.read()
  try {
    let more = await reading.next(lines)
    if (isGone(response)) return
    response.writeHead(200, more ? headers : { ...headers, "content-length": lines.length })
    while (more && await taken(response, lines.written)) more = await reading.next(lines)
    if (!more) response.end(lines.written)
  } finally {
    // Without headers it can still be answered that something went wrong.
    if (response.headersSent && !response.writableEnded) response.destroy()
  }
}
