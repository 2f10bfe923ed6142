/** Spans as a test sees them: plain data, scrubbed as it would leave the process. */
import type * as Duration from "effect/Duration"
import type * as Tracer from "effect/Tracer"
import type { Status } from "../Observation.ts"

/** How a span ended: as the operation said (`{prefix}.status`), else as its exit says; `open` while it runs. */
export type SpanStatus = Status | "open"

/** Something that happened during a span. A failure leaves one named `exception` for each of its reasons. */
export interface TestSpanEvent {
  readonly name: string
  /** Nanoseconds since the epoch, by the test's clock. */
  readonly time: bigint
  readonly attributes: Readonly<Record<string, unknown>>
}

/** One sampled span. */
export interface TestSpan {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly status: SpanStatus
  readonly traceId: string
  readonly spanId: string
  /** The span that this one is a child of, in this process or, by its headers, in another. */
  readonly parentId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<TestSpanEvent>
  readonly links: ReadonlyArray<{
    readonly traceId: string
    readonly spanId: string
    readonly attributes: Readonly<Record<string, unknown>>
  }>
  /** Nanoseconds since the epoch, by the test's clock. */
  readonly startTime: bigint
  /** Absent while the span is open. */
  readonly duration: Duration.Duration | undefined
}

/** A span with its children, in the order in which they started. */
export interface TestTree {
  readonly span: TestSpan
  readonly children: ReadonlyArray<TestTree>
}

interface Growing extends TestTree {
  readonly children: Array<Growing>
}

/** The trees of a list of spans; one whose parent is not in the list is a root. */
export const trees = (spans: ReadonlyArray<TestSpan>): ReadonlyArray<TestTree> => {
  const nodes = new Map<string, Growing>()
  for (const span of spans) nodes.set(`${span.traceId} ${span.spanId}`, { span, children: [] })
  const roots: Array<TestTree> = []
  for (const node of nodes.values()) {
    const { parentId, traceId } = node.span
    const parent = parentId === undefined ? undefined : nodes.get(`${traceId} ${parentId}`)
    if (parent === undefined) roots.push(node)
    else parent.children.push(node)
  }
  return roots
}

/** How many spans a tree has. */
export const size = (tree: TestTree): number => tree.children.reduce((total, child) => total + size(child), 1)
