// What Sentry's SDK takes for an error with its default integrations, which hook into all of their process.
import * as Incident from "../errors/Incident.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Processes from "../harness/Processes.ts"
import * as Sentry from "../peers/Sentry.ts"

const { arrivals, capture } = Sentry.makeDefault(Array.from({ length: Incident.kinds }, (_, n) => Incident.make(n)))
const [measured] = await Interleaved.measure(
  [{ name: "default", run: Incident.batches(capture), check: Sentry.arrived(arrivals, false) }],
  Incident.effort
)
Processes.tell({
  numbers: { nanoseconds: measured === undefined ? Number.NaN : Interleaved.spreadOf(measured.samples).median },
  void: measured?.void
})
