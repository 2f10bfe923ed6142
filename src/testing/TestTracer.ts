/**
 * Effect's `Tracer` for tests: ids that count up, every sampled span kept, and the same books as the live pipeline.
 */
import * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { Guard } from "../Guard.ts"
import * as Observation from "../Observation.ts"
import * as SpanName from "../observation/SpanName.ts"
import type { Scrubber } from "../Scrubber.ts"
import { alongRoute } from "../scrubber/Locators.ts"
import * as Accounting from "../tracing/Accounting.ts"
import type { OnEnd, SpanOptions } from "./RecordedSpan.ts"
import { RecordedSpan } from "./RecordedSpan.ts"
import * as SpanOutcome from "./SpanOutcome.ts"
import type { SpanStatus, TestSpan } from "./TestSpan.ts"

/** What a tracer is made of. */
export interface Options {
  readonly guard: Guard
  readonly scrubber: Scrubber
  /** The prefix of the vocabulary, for `{prefix}.status`. */
  readonly prefix: string
  /** Whether traces that begin here are sampled; a span follows its parent. */
  readonly sampled: boolean
  /** The span of foreign code that is running, a parent for spans that have none in Effect. */
  readonly foreign: () => Tracer.AnySpan | undefined
}

/** The name of the sink in the books. */
export const sinkName = "test"

const digits = (count: number, length: number): string => count.toString(16).padStart(length, "0")

/** See the module. */
export class TestTracer implements Tracer.Tracer {
  readonly #options: Options
  /** The sampled spans in the order of starting, each with what has left once it has ended. */
  readonly #spans = new Map<RecordedSpan, TestSpan | undefined>()
  #traces = 0
  #started = 0
  #open = 0
  #unsampled = 0
  #exported = 0
  #lost = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Starts a span for Effect. */
  span(options: SpanOptions): Tracer.Span {
    const foreign = options.root || Option.isSome(options.parent) ? undefined : this.#options.foreign()
    const parent = foreign === undefined ? options.parent : Option.some(foreign)
    return this.start({ ...options, parent }, (span, endTime, exit) => {
      this.#options.guard.run("tracer", () => SpanOutcome.record(span, exit, endTime), () => undefined)
    })
  }

  /** Starts a span; ids are numbers in the order of starting, `…0001` first. */
  start(options: SpanOptions, onEnd: OnEnd): RecordedSpan {
    const parent = Option.getOrUndefined(options.parent)
    const sampled = options.sampled && (parent === undefined ? this.#options.sampled : parent.sampled)
    const ids = {
      spanId: digits(++this.#started, 16),
      traceId: parent?.traceId ?? digits(++this.#traces, 32)
    }
    if (!sampled) {
      this.#unsampled++
      return new RecordedSpan({ ...options, sampled }, ids, () => undefined)
    }
    const span = new RecordedSpan({ ...options, sampled }, ids, (ending, endTime, exit) => {
      onEnd(ending, endTime, exit)
      this.#end(ending, endTime, exit)
    })
    this.#open++
    this.#spans.set(span, undefined)
    return span
  }

  /** Every sampled span in the order of starting: the ended ones as they left, the open ones as they are. */
  spans(): ReadonlyArray<TestSpan> {
    return [...this.#spans].flatMap(([span, ended]) => {
      const shown = ended ?? this.#snapshot(span, undefined)
      return shown === undefined ? [] : [shown]
    })
  }

  /** Forgets the spans that have ended; the books stay. */
  clear(): void {
    for (const [span, ended] of this.#spans) if (ended !== undefined) this.#spans.delete(span)
  }

  /** The books as they are now. */
  accounting(): Accounting.Accounting {
    return {
      started: this.#started,
      open: this.#open,
      unsampled: this.#unsampled,
      ended: this.#exported + this.#lost,
      sinks: [{
        name: sinkName,
        acknowledged: true,
        notSelected: 0,
        exported: this.#exported,
        dropped: { ...Accounting.noneDropped(), fault: this.#lost },
        queued: 0,
        inFlight: 0
      }]
    }
  }

  #end(span: RecordedSpan, endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.#open--
    const ended = this.#snapshot(span, { endTime, exit })
    if (ended === undefined) {
      this.#lost++
      this.#spans.delete(span)
    } else {
      this.#exported++
      this.#spans.set(span, ended)
    }
  }

  /** The span as it would leave; `undefined`, and a fault, when the scrubber throws. */
  #snapshot(
    span: RecordedSpan,
    end: { readonly endTime: bigint; readonly exit: Exit.Exit<unknown, unknown> } | undefined
  ): TestSpan | undefined {
    const { guard, prefix, scrubber } = this.#options
    return guard.run<TestSpan | undefined>("scrubber", () => {
      const { attributes, events, kind, links, name, parent, spanId, startTime, traceId } = span
      const said = Observation.statuses.find((status) => status === attributes.get(`${prefix}.status`))
      const status: SpanStatus = said ?? (end === undefined ? "open" : Observation.statusOf(end.exit))
      return {
        name: scrubber.text(SpanName.conventional(name, (key) => attributes.get(key))),
        kind,
        status,
        traceId,
        spanId,
        parentId: Option.getOrUndefined(parent)?.spanId,
        attributes: scrubber.attributes(
          alongRoute(Object.fromEntries(attributes), attributes.get("http.route"), scrubber.url)
        ),
        events: events.map(([name, time, attributes]) => ({
          name: scrubber.text(name),
          time,
          attributes: scrubber.attributes(attributes)
        })),
        links: links.map((link) => ({
          traceId: link.span.traceId,
          spanId: link.span.spanId,
          attributes: scrubber.attributes(link.attributes)
        })),
        startTime,
        duration: end === undefined ? undefined : Duration.nanos(end.endTime - startTime)
      }
    }, () => undefined)
  }
}
