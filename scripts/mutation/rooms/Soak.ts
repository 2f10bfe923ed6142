// The long run: its judge, and what it reads.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "scripts/soak/Judge.ts",
    ["test/scripts/Soak.test.ts"],
    ["a sample out of balance fails the run", "holds: wrong.length === 0", "holds: true"],
    ["a trend fails the run", "grown > tolerance && agreement > minAgreement", "grown > 1e9"],
    ["a broken bound fails the run", "holds: worst <= limit", "holds: true"],
    ["a shutdown that takes too long fails the run", " && shutdown.took <= bounds.shutdown", ""],
    ["a sink that takes nothing any more fails the run", "since.every(({ count }) => count > 0)", "true"]
  ),
  inFile(
    "scripts/soak/Trend.ts",
    ["test/scripts/Soak.test.ts"],
    ["single peaks make no trend", "slope: median(slopes)", "slope: Math.max(...slopes)"]
  )
].flat()
