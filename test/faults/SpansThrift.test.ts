// Each fault of a receiver, by Thrift over HTTP: ids compared one by one, books at each look, deadlines, handles.
import * as SpanTests from "./support/SpanTests.ts"

SpanTests.define("Thrift", "jaegerHttp")
