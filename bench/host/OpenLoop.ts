// Requests at a fixed rate, whether the answers come or not: what waits is measured and not left out.
import * as Http from "node:http"

export interface Outcome {
  /** Milliseconds from when each request was due to the end of its answer. */
  readonly latencies: ReadonlyArray<number>
  /** How often each answer was given: status and body. */
  readonly answers: ReadonlyMap<string, number>
}

/** A request, in the form that autocannon takes too. */
export interface Request {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
}

export interface Options {
  readonly rate: number
  readonly seconds: number
  /** Open at once at most; 64 unless given. */
  readonly connections?: number
  /** What is kept of an answer, of which there should be few; status and body unless given. */
  readonly answer?: (status: number, body: string) => string
}

const get = (path: string): Request => ({ method: "GET", path, headers: {} })

/** Sends one request or asks for one path after the other, `rate` times a second, and waits for the last answer. */
export const load = async (
  port: number,
  requests: ReadonlyArray<string | Request>,
  options: Options
): Promise<Outcome> => {
  const agent = new Http.Agent({ keepAlive: true, maxSockets: options.connections ?? 64 })
  const answer = options.answer ?? ((status, body) => `${status} ${body}`)
  const latencies: Array<number> = []
  const answers = new Map<string, number>()
  const count = Math.round(options.rate * options.seconds)
  const begin = performance.now()

  const ask = (n: number): Promise<void> =>
    new Promise((resolve) => {
      const due = begin + n * 1000 / options.rate
      const end = (answer: string) => {
        latencies.push(performance.now() - due)
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
        resolve()
      }
      const next = requests[n % requests.length] ?? "/"
      const { body: sent, headers, method, path } = typeof next === "string" ? get(next) : next
      Http.request({ host: "127.0.0.1", port, agent, method, path, headers }, (response) => {
        let body = ""
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text
        }).on("end", () => end(answer(response.statusCode ?? 0, body))).on("error", (error) => end(error.message))
      }).on("error", (error) => end(error.message)).end(sent)
    })

  const asked: Array<Promise<void>> = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor((performance.now() - begin) * options.rate / 1000) + 1)
      while (asked.length < due) asked.push(ask(asked.length))
      if (asked.length < count) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.all(asked)
  agent.destroy()
  return { latencies, answers }
}
