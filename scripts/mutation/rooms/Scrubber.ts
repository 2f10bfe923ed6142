// The scrubber.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/scrubber/Cut.ts",
    ["test/scrubber/Cut.test.ts", "test/errors/ErrorReporter.test.ts"],
    ["a text is not cut through a secret before it is scrubbed", "const end = limit + margin", "const end = limit"]
  ),
  inFile(
    "src/tracing/TracingLive.ts",
    ["test/leaks/ReceiverWords.test.ts"],
    [
      "a receiver's words are cut after they were scrubbed",
      "Cut.before(problem, longestProblem)",
      "problem.slice(0, longestProblem)"
    ]
  ),
  inFile(
    "src/errors/EventScrubber.ts",
    ["test/errors/ErrorReporter.test.ts"],
    [
      "a scrubbed message of a breadcrumb has its length",
      "text(breadcrumb.message, Breadcrumbs.maxMessage)",
      "text(breadcrumb.message)"
    ]
  ),
  inFile(
    "src/Scrubber.ts",
    ["test/Scrubber.test.ts"],
    ["bearer tokens are taken out", "Credentials.authorizationDetector,", ""],
    ["ids in paths become pseudonyms", "Paths.pathDetector(paths),", ""]
  ),
  inFile(
    "src/scrubber/Identifiers.ts",
    ["test/Scrubber.test.ts"],
    ["a pseudonym has 8 hex digits", ".digest(\"hex\").slice(0, 8)", ".digest(\"hex\").slice(0, 9)"]
  ),
  inFile(
    "src/scrubber/Personal.ts",
    ["test/Scrubber.test.ts"],
    ["a number that is no card stays", "return known && luhn(digits)", "return known"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/Scrubber.test.ts"],
    ["the whole of a database URL is a credential", "if (credentialSchemes.has(scheme)) {", "if (false) {"]
  ),
  inFile(
    "src/scrubber/Text.ts",
    ["test/scrubber/Text.test.ts"],
    ["a secret across the limit of length is seen whole", "const margin = 4096", "const margin = 0"]
  ),
  inFile(
    "src/scrubber/Detector.ts",
    ["test/Scrubber.test.ts"],
    ["a text on which a detector threw stays here", "return unreadable", "return text"]
  ),
  inFile(
    "src/scrubber/Reading.ts",
    ["test/Scrubber.test.ts"],
    ["a getter that throws costs its own property only", "content = unreadable", "throw new Error()"]
  ),
  inFile(
    "src/scrubber/Walker.ts",
    ["test/Scrubber.test.ts"],
    ["a cycle is named", "if (walk.ancestors.has(value)) return", "if (false) return"],
    ["a sensitive key decides whatever its value", "return secret(value, walk)", "return any(value, key, depth, walk)"]
  ),
  inFile(
    "src/scrubber/Keys.ts",
    ["test/scrubber/Keys.test.ts"],
    ["keys in camel case are read", "if (isUpper(c) && startsWord(name, i)) {", "if (false) {"],
    ["a plain word is no secret", "if (last === \"key\" &&", "if (last.endsWith(\"key\") &&"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/scrubber/Linear.test.ts"],
    ["URLs are read in linear time", "if (start >= token.end) {", "if (true) {"]
  )
].flat()
