/**
 * Plain node servers on a free port of the loopback, for what stands outside the program (providers, webhook receiver,
 * a slow way to the database): no Effect server, so that no span, metric or route of the program's own comes from them.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Net from "node:net"

/** Listens until the scope closes, and answers with the port; `hangUp` ends the connections that are left then. */
export const listen = (server: Net.Server, hangUp: () => void): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const started = Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    })
    const ended = Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      hangUp()
    })
    yield* Effect.acquireRelease(started, () => ended)
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })

/** Serves HTTP, and answers with the base URL. */
export const localServer = (
  handler: (request: Http.IncomingMessage, response: Http.ServerResponse) => void
): Effect.Effect<string, never, Scope.Scope> => {
  const server = Http.createServer(handler)
  return Effect.map(listen(server, () => server.closeAllConnections()), (port) => `http://127.0.0.1:${port}`)
}

export const sendJson = (
  response: Http.ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}
