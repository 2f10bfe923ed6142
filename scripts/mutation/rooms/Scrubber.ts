// The scrubber.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/scrubber/Memory.ts",
    ["test/scrubber/Memory.test.ts"],
    ["what is remembered has an end", "if (young.size >= most) {", "if (false) {"],
    ["what is asked for again outlives a generation", "if (former !== undefined) set(key, former)", ""]
  ),
  inFile(
    "src/scrubber/Walker.ts",
    ["test/scrubber/Listed.test.ts"],
    [
      "a list of attributes leaves names with secrets to the record",
      "field.shown !== key || key === cut",
      "key === cut"
    ],
    ["a list of attributes leaves the order of numbers to the record", " || isIndex(key)) return", ") return"],
    ["a list of attributes is as bounded as the record", "items.length > 2 * limits.breadth", "false"],
    [
      "a list of attributes is judged by its keys",
      "judged(field, key, content, 1, walk)",
      "any(content, key, 1, walk)"
    ],
    [
      "what was clean is so under its own key",
      "content === clean[i + 1] && key === clean[i]",
      "content === clean[i + 1]"
    ]
  ),
  inFile(
    "src/tracing/ScrubbedSpan.ts",
    ["test/tracing/ScrubbedSpan.test.ts"],
    [
      "a list of attributes is judged along its route",
      "listedAlongRoute(given, valueOf(given, \"http.route\"), url)",
      "given"
    ]
  ),
  inFile(
    "src/scrubber/CleanTexts.ts",
    ["test/scrubber/CleanTexts.test.ts"],
    ["a text that comes once is not kept", "if (seen[at] === number) keep", "if (true) keep"],
    ["clean texts are bounded in number", "young.size >= texts || ", ""],
    ["clean texts are bounded in characters", " || text.length > room", ""],
    ["a clean text that is said again stays", "if (former !== undefined) keep(former)", ""]
  ),
  inFile(
    "src/scrubber/Text.ts",
    ["test/scrubber/CleanTexts.test.ts"],
    ["JSON is judged by each owner anew", " && !looksLikeJson(text)) clean", ") clean"],
    ["a text in which something was found is not clean", "scrubbed === text && !looksLikeJson", "!looksLikeJson"]
  ),
  inFile(
    "src/scrubber/Keys.ts",
    ["test/scrubber/Keys.test.ts"],
    ["a name of a letter and a digit may be a secret's", "mostLetters(key) < fewestLetters", "mostLetters(key) < 2"],
    [
      "the vocabulary may be written in the plural",
      "list.map(singular).join(\" \")\n\nconst phrase",
      "list.join(\" \")\n\nconst phrase"
    ]
  ),
  inFile(
    "src/scrubber/Detector.ts",
    ["test/scrubber/Detector.test.ts"],
    ["a detector may need two things at once", "(seen & mask) !== mask", "(seen & mask) === 0"],
    ["past the last bit detectors share one", "1 << Math.min(this.bits.size, needBits - 1)", "1 << this.bits.size"],
    ["the beginning of a text is a neighbour", "let row = beginning * 128", "let row = 0"],
    ["a character beyond ASCII is a neighbour", "const at = c < 128 ? c : other", "const at = c & 127"],
    ["a character counts after any other", "row < 128; row++) table.set", "row < 64; row++) table.set"],
    ["a pair is seen beside single characters", "(table[at] ?? 0) | bit", "0"],
    ["a pair may begin beyond ASCII", "=> c < 128 ? c : other", "=> c & 127"]
  ),
  inFile(
    "src/scrubber/Paths.ts",
    ["test/scrubber/Detector.test.ts"],
    ["a path may begin encoded", "pairs: [\"%\", ...", "pairs: [..."],
    ["a pattern may begin where the text does", "\\0\\x7f`.split", "\\0`.split"]
  ),
  inFile(
    "src/scrubber/Credentials.ts",
    ["test/scrubber/Detector.test.ts"],
    ["a scheme is one in capitals too", "[\"be\", \"ba\", \"ig\"].flatMap(inAnyCase)", "[\"be\", \"ba\", \"ig\"]"]
  ),
  inFile(
    "src/scrubber/Base64.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a short run of base64 is looked at", "const block = 5", "const block = 20"],
    ["base64 fits with any shift", "let fitting = 15", "let fitting = 8"]
  ),
  inFile(
    "src/scrubber/Locators.ts",
    ["test/scrubber/CleanTexts.test.ts"],
    ["a URL is judged along each route anew", "`${route.length} ${route}${value}`", "value"]
  ),
  inFile(
    "src/FailureReport.ts",
    ["test/FailureReport.test.ts"],
    [
      "an error that was reported hides none beside it",
      "if (isUnreported(cause)) {",
      "if (Runtime.getErrorReported(error)) {"
    ]
  ),
  inFile(
    "src/scrubber/Walker.ts",
    ["test/scrubber/Shapes.test.ts"],
    [
      "bytes that JSON wrote as numbers are bytes",
      "if (count !== undefined) return written",
      "if (false) return written"
    ]
  ),
  inFile(
    "src/scrubber/Pairs.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a word of state is a secret only behind an equals sign", "(colon && isState(said))", "isState(said)"],
    [
      "the key of a cache is none",
      "verdict.class === \"plain\" || isHarmlessKey(text, key.start, name, judge)",
      "verdict.class === \"plain\""
    ]
  ),
  inFile(
    "src/scrubber/Placeholders.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a code of six digits is no count", "const longestCount = 4", "const longestCount = 8"]
  ),
  inFile(
    "src/scrubber/Worded.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a key behind words that name it is found", "if (!fillers.has(word.text)) {", "if (true) {"],
    ["a name of words is no secret", "digits && (lower || upper) && !wordy", "digits && (lower || upper)"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a user without a scheme has a password all the same", "!(slashes || goesOnAsUrl(text, host))", "true"]
  ),
  inFile(
    "src/scrubber/Personal.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["groups of a card may be apart by a dot", "c === code.dash || c === code.dot ||", "c === code.dash ||"]
  ),
  inFile(
    "src/scrubber/Bytes.ts",
    ["test/scrubber/Shapes.test.ts"],
    [
      "a typed array that JSON was made of is bytes",
      "if (keys.length < fewest || keys[0] !== \"0\") return undefined",
      "return undefined"
    ],
    ["bytes in a part of JSON are found", "if (count < (list ? 1 : fewest)) continue", "continue"]
  ),
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
    "src/tracing/TracingLive.ts",
    ["test/integration/RemoteContext.test.ts"],
    [
      "a caller who is not trusted does not choose Sentry's share",
      "Destination.sinks(config, guard, options.trustRemoteSampled ?? true)",
      "Destination.sinks(config, guard, true)"
    ]
  ),
  inFile(
    "src/tracing/Sampler.ts",
    ["test/tracing/SentrySink.test.ts"],
    [
      "each process takes a share by a key of its own",
      "key: Uint8Array = randomBytes(32)",
      "key: Uint8Array = new Uint8Array(32)"
    ]
  ),
  inFile(
    "src/errors/EventScrubber.ts",
    ["test/errors/ErrorReporter.test.ts"],
    [
      "a scrubbed message of a breadcrumb has its length",
      "text(message, Breadcrumbs.maxMessage)",
      "text(message)"
    ]
  ),
  inFile(
    "src/scrubber/Phones.ts",
    ["test/Scrubber.test.ts"],
    ["a phone number may begin behind an escaped quote", "text.startsWith(\"%22\", start - 3)", "false"]
  ),
  inFile(
    "src/Scrubber.ts",
    ["test/Scrubber.test.ts"],
    ["bearer tokens are taken out", "Credentials.authorizationDetector,", ""],
    ["ids in paths become pseudonyms", "Paths.pathDetector(paths),", ""],
    [
      "the number of a channel is no card",
      "    ProviderKeys.webhookDetector,\n    Personal.cardDetector,",
      "    Personal.cardDetector,\n    ProviderKeys.webhookDetector,"
    ],
    [
      "what is escaped is decoded before a part of it is taken for base64",
      "    percentDetector,\n    base64Detector,",
      "    base64Detector,\n    percentDetector,"
    ]
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
    ["a getter that throws costs its own property only", "return unreadable", "throw new Error()"]
  ),
  inFile(
    "src/scrubber/Walker.ts",
    ["test/Scrubber.test.ts"],
    ["a cycle is named", "if (ancestors.has(value)) return", "if (false) return"],
    [
      "a sensitive key decides whatever its value",
      ": secret(value, walk)\n      case",
      ": any(value, key, depth, walk)\n      case"
    ]
  ),
  inFile(
    "src/scrubber/Keys.ts",
    ["test/scrubber/Keys.test.ts"],
    ["keys in camel case are read", "if (isUpper(c) && startsWord(name, i)) {", "if (false) {"],
    ["a plain word is no secret", "if (last === \"key\" &&", "if (last.endsWith(\"key\") &&"]
  ),
  inFile(
    "src/scrubber/Base64.ts",
    ["test/scrubber/Shapes.test.ts"],
    [
      "base64 is found wherever it begins in a run",
      "for (let shift = 0; shift < 4; shift++)",
      "for (let shift = 0; shift < 1; shift++)"
    ],
    ["base64 in lines is read as a whole", "if (width < 60 || width % 4 !== 0)", "if (width > 0)"]
  ),
  inFile(
    "src/scrubber/Accounts.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a number with wrong check digits is no account", "% 97 === 1 ? at : -1", "% 97 >= 0 ? at : -1"]
  ),
  inFile(
    "src/scrubber/Phones.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["an area begins with 2 to 9", "digits.charCodeAt(0) > 49 && ", ""],
    ["a number has one country's length", "digits.length === 10 && ", ""]
  ),
  inFile(
    "src/scrubber/ProviderKeys.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a hash behind a word is no key", "if (kind === \"hex\" && i > 0 && isWord(", "if (false && isWord("],
    ["a word without a digit is no key", "      return hasDigit(text, start, end)\n  }", "      return true\n  }"]
  ),
  inFile(
    "src/scrubber/Credentials.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a private key in a form is one", "text.indexOf(\"-----BEGIN\"); at", "text.indexOf(\"-----BEGIN \"); at"],
    ["an encoded blank is one", "(c === code.plus ? 1 : 3)", "1"]
  ),
  inFile(
    "src/scrubber/Encoding.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a plus sign is a blank in a form", "encoded.replaceAll(\"+\", \" \")", "encoded"]
  ),
  inFile(
    "src/scrubber/Pairs.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["a doubled quote opens a value", "const doubled = slashes === 0 && ", "const doubled = false && "],
    ["padding of base64 is no pair", "if (isSpace(after) || isCloser(after) ||", "if (isSpace(after) ||"]
  ),
  inFile(
    "src/scrubber/Reading.ts",
    ["test/scrubber/Shapes.test.ts"],
    ["the name of a property is searched for tokens", "key.length < shortestSecret && ", ""]
  ),
  inFile(
    "src/scrubber/Text.ts",
    ["test/scrubber/Text.test.ts"],
    ["what unfolds without end is not shown", "return decoded > allowed ? mark : scrubbed", "return scrubbed"]
  ),
  inFile(
    "src/scrubber/ProviderKeys.ts",
    ["test/scrubber/Linear.test.ts"],
    ["a webhook's path is read once", "        at = end\n        break\n      }", "        break\n      }"]
  ),
  inFile(
    "src/scrubber/Urls.ts",
    ["test/scrubber/Linear.test.ts"],
    ["URLs are read in linear time", "if (start >= token.end) {", "if (true) {"],
    ["drivers are read in linear time", "if (slash < start) slash = ", "slash = "]
  )
].flat()
