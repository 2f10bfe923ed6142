// Each fault of a receiver, by OTLP over HTTP: ids compared one by one, books at each look, deadlines, handles.
import * as SpanTests from "./support/SpanTests.ts"

SpanTests.define("OTLP", "otlp")
