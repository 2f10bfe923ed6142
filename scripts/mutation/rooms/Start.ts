// What importing and starting costs: what is loaded, and when.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "scripts/build/Bundle.ts",
    ["test/package/bundle.test.ts"],
    ["what is loaded together lies in one file", "isLoaded(id, graph) && isIn(id, places)", "false"],
    ["a user's bundler can leave rooms out", "scrubber: [\"scrubber/\", \"Scrubber.ts\"],", ""],
    ["a stack trace leads to the sources", "sourcemap: true", "sourcemap: false"]
  ),
  inFile(
    "src/Observability.ts",
    ["test/scrubber/Later.test.ts"],
    [
      "a program that is off makes no scrubber for nothing",
      "config.enabled ? makeScrubber(vocabulary, guard) : makeScrubberLater(vocabulary, guard)",
      "makeScrubber(vocabulary, guard)"
    ],
    [
      "what the layer says when it is off is no reason to make one",
      "makeScrubber(vocabulary, guard), [off])",
      "makeScrubber(vocabulary, guard), [])"
    ],
    ["options are checked at the start", "ScrubberOptions.check(vocabulary.scrubber ?? {})", ""]
  ),
  inFile(
    "src/scrubber/Later.ts",
    ["test/scrubber/Later.test.ts"],
    ["a scrubber is made once", "made ??= scrubber()", "scrubber()"],
    ["what is not known is scrubbed", "harmless.includes(value)", "harmless.some((text) => value.startsWith(text))"]
  ),
  inFile(
    "src/instrument/Sql.ts",
    ["test/architecture.test.ts"],
    ["a program without a database loads nothing for one", "import type * as SqlClient", "import * as SqlClient"]
  ),
  inFile(
    "src/instrument/Redis.ts",
    ["test/architecture.test.ts"],
    ["a program without Redis loads nothing for it", "import type * as Redis", "import * as Redis"]
  ),
  inFile(
    "src/tracing/SpanProvider.ts",
    ["test/architecture.test.ts"],
    [
      "the SDK is loaded with the first span of it",
      "const unsampled = providing(Samplers.never)",
      "const unsampled = providing(Samplers.never)\n  unsampled()"
    ]
  ),
  inFile(
    "src/tracing/Resource.ts",
    ["test/tracing/Resource.test.ts"],
    ["what a program says of its SDK holds", "{ ...own, ...sdk, ...own }", "{ ...own, ...sdk }"],
    ["a resource can be merged", ".merge(other)", ".merge(null)"]
  )
].flat()
