// The program under a fault: `subject.ts CANDIDATE URL`, told what to do by its parent. Ends as a program does that has
// shut its telemetry down: at once.
import * as Candidates from "./Candidates.ts"

/** Spans a second, for so many seconds. */
interface Load {
  readonly rate: number
  readonly seconds: number
}

const [, , given = "", url = ""] = process.argv
const name = Candidates.names.find((each) => each === given)
if (name === undefined) throw new Error(`${given} is not one of ${Candidates.names.join(", ")}`)
const candidate = await Candidates.make(name, url)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

let ended = 0

/** Keeps to the rate by the clock: what a busy machine held up is caught up with. */
const load = ({ rate, seconds }: Load): void => {
  const begin = performance.now()
  const timer = setInterval(() => {
    const elapsed = Math.min(seconds, (performance.now() - begin) / 1000)
    for (const due = Math.round(elapsed * rate); ended < due; ended++) candidate.emit(`work ${ended}`)
    if (elapsed < seconds) return
    clearInterval(timer)
    say(`loaded ${ended}`)
  }, 10)
}

const close = async (): Promise<void> => {
  const begin = performance.now()
  const books = await candidate.close()
  process.stdout.write(
    `closed ${JSON.stringify({ took: performance.now() - begin, books })}\n`,
    () => process.exit(0)
  )
}

const hold = setInterval(() => {}, 60_000)
process.on("message", (message: { readonly load?: Load; readonly close?: true }) => {
  if (message.load !== undefined) load(message.load)
  if (message.close === true) {
    clearInterval(hold)
    void close()
  }
})
say("running")
