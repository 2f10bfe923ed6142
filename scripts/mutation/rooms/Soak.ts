// The long run: its judge, and what it reads; the bench's own figures.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "scripts/soak/Judge.ts",
    ["test/scripts/Soak.test.ts"],
    ["a sample out of balance fails the run", "holds: wrong.length === 0", "holds: true"],
    ["a counter that falls fails the run", "if (count < before)", "if (count < 0)"],
    ["a trend fails the run", "grown > tolerance && agreement > minAgreement", "grown > 1e9"],
    ["a broken bound fails the run", "holds: worst <= limit", "holds: true"],
    ["a shutdown that takes too long fails the run", " && shutdown.took <= bounds.shutdown", ""],
    ["a program that ends by another exit code fails the run", " && shutdown.code === bounds.exitCode", ""],
    ["a sink that stopped for good fails the run", "state === \"recovered\" && quiet", "state !== \"late\" && quiet"],
    ["a sink that stops after it came back fails the run", " && quiet(run.samples, sink) <= recoveryWithin", ""],
    ["a closed circuit is given a minute", "let within = recoveryWithin", "let within = Infinity"],
    ["what was accepted has arrived", "taken <= received && received", "received"],
    ["what arrived was accepted or is in doubt", " && received <= taken + doubtful", ""],
    ["a fault that was not felt fails the run", "felt < asked", "felt < 0"]
  ),
  inFile(
    "scripts/soak/Sample.ts",
    ["test/scripts/Soak.test.ts"],
    ["a page without the books is none", "figures.of(name, labels).length === 0", "labels === undefined"]
  ),
  inFile(
    "scripts/soak/BackEnds.ts",
    ["test/scripts/SoakBackEnds.test.ts"],
    ["a fault is the answer", "typeof reply === \"function\" ? reply(head, n) : reply", "Reply.ok"],
    ["an answer by a fault is counted", "            answers++\n", ""],
    ["a refused connection is tried and seen", "await once(socket, \"connect\")\n    return false", "return false"]
  ),
  inFile(
    "examples/dawsos/FaultSwitch.ts",
    ["test/examples/dawsos/FaultSwitch.test.ts"],
    ["a parent is told what is suffered, not what it asked for", "suffers: suffered.current ?? null", "suffers: fault"]
  ),
  inFile(
    "bench/faults/Faults.ts",
    ["test/bench/Bench.test.ts"],
    ["what arrived and is counted as lost is missed", "...beyondBooks(result) > 0", "...beyondBooks(result) > 1e9"],
    [
      "a copy that nobody counted is missed",
      "result.duplicates > (result.books?.resent ?? 0)",
      "result.duplicates > 1e9"
    ]
  ),
  inFile(
    "scripts/Trend.ts",
    ["test/scripts/Soak.test.ts"],
    ["single peaks make no trend", "slope: median(slopes)", "slope: Math.max(...slopes)"]
  )
].flat()
