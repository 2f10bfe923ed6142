// What Sentry's SDK takes for an error with its default integrations, which hook into all of their process.
import * as Capturing from "../errors/Capturing.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Processes from "../harness/Processes.ts"
import * as Sentry from "../peers/Sentry.ts"

const alone = Sentry.makeDefault()
const [measured] = await Interleaved.measure(
  [{ name: "default", ...Capturing.candidate(alone), check: Sentry.arrived(alone.arrivals, false) }],
  Capturing.effort
)
Processes.tell({
  numbers: { nanoseconds: measured === undefined ? Number.NaN : Interleaved.spreadOf(measured.samples).median },
  void: measured?.void
})
