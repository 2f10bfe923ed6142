// What it costs that an error is captured, scrubbed and sent, against Sentry's SDK alone, which sends it as it is.
import * as Capturing from "../errors/Capturing.ts"
import * as Incident from "../errors/Incident.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Noise from "../harness/Noise.ts"
import * as Processes from "../harness/Processes.ts"
import * as Question from "../harness/Question.ts"
import * as OursErrors from "../peers/OursErrors.ts"
import * as Sentry from "../peers/Sentry.ts"

const ours = async (name: string) => {
  const made = await OursErrors.make()
  const { arrivals, close, faults } = made
  const arrived = Sentry.arrived(arrivals, true)
  const candidate: Interleaved.Candidate = {
    name,
    ...Capturing.candidate(made),
    check: (operations) => arrived(operations) ?? (faults() === 0 ? undefined : `${faults()} faults`)
  }
  return { candidate, arrivals, close }
}

const alone = (name: string) => {
  const made = Sentry.make()
  const { arrivals } = made
  const candidate: Interleaved.Candidate = {
    name,
    ...Capturing.candidate(made),
    check: Sentry.arrived(arrivals, false)
  }
  return { candidate, arrivals }
}

/** With its default integrations, which the others must not have in their process. */
const byDefault = async (): Promise<Interleaved.Measured> => {
  const program = ["--conditions=source", "bench/subjects/sentryDefault.ts"]
  const name = "@sentry/node with its default integrations, in a process of its own"
  const [outcome] = await Processes.run([{ name, program }], { rounds: 5, warmUp: true })
  if (outcome === undefined) throw new Error(`nothing was measured of ${name}`)
  return Processes.measured(outcome, "nanoseconds")
}

export const question: Question.Question = {
  ask: async () => {
    const own = [await ours("ours"), await ours("ours, again")] as const
    const peers = [alone("@sentry/node"), alone("@sentry/node, again")] as const
    const measured = await Interleaved.measure([...own, ...peers].map(({ candidate }) => candidate), Capturing.effort)
    await Promise.all(own.map(({ close }) => close()))
    const withDefaults = await byDefault()
    const of = (name: string) => Interleaved.named(measured, name)
    const [mine, peer] = [of("ours"), of("@sentry/node")]
    const contexts = Array.from({ length: 50 }, (_, n) => Incident.bytes(Incident.make(n)))
    const context = Interleaved.spreadOf(contexts).median
    return {
      figures: [{
        question: "an error captured and scrubbed",
        value: Interleaved.ratio(mine, peer),
        unit: "×",
        limit: 1.3,
        reach: "at most",
        against: "@sentry/node alone, the same event",
        void: mine.void ?? peer.void,
        noise: Noise.ofRatios([mine, of("ours, again")], [peer, of("@sentry/node, again")])
      }],
      tables: [{
        title: "one error",
        rows: [
          ...Question.candidates(measured, [peer], Interleaved.ratio),
          [
            withDefaults.void === undefined ? withDefaults.name : `${withDefaults.name} (void: ${withDefaults.void})`,
            Figure.spread(Interleaved.spreadOf(withDefaults.samples)),
            // Not of the same rounds.
            ""
          ]
        ]
      }],
      text:
        `${Incident.frames} frames and ${(context / 1000).toFixed(1)} KB of context: ${Incident.steps} breadcrumbs, ` +
        "tags and attributes, of which some hold what is scrubbed. What differs from one failure to the next in real ones " +
        "(ids, times, amounts, messages) differs in these, and both capture the same in the same order. Error and " +
        "context are there before the capture, and so they are not measured; the event is made, scrubbed where it is, written as it would be sent, and accepted at " +
        `once (${(own[0].arrivals.bytes / 1000).toFixed(1)} KB ours, ${
          (peers[0].arrivals.bytes / 1000).toFixed(1)
        } KB ` +
        "the SDK's). Alone, the SDK has no integration, since these would make another event of it; as its " +
        "documentation sets it up it has the default ones, which read the source files of the frames, here in vain, " +
        "and tell more of the process."
    }
  }
}
