// Parents of third-party spans: following fibers, the public way, and what both feed.
import { inFile } from "../inFile.ts"
import type { Mutation } from "../Mutation.ts"

const parents = "test/tracing/Parents.test.ts"
const model = "test/tracing/ParentsModel.test.ts"
const strict = "test/tracing/StrictParents.test.ts"
const internals = "test/EffectInternals.test.ts"

export const mutations: ReadonlyArray<Mutation> = [
  inFile(
    "src/tracing/AsyncPrimitives.ts",
    [parents, model],
    [
      "the public way: what a fiber starts and does not run finds its span",
      ": entering(guard, primitive, fiber)",
      ": primitive[\"~effect/Effect/evaluate\"](fiber)"
    ]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    [parents],
    [
      "a third party's context is the newer where it was set in the fiber's span",
      "visible === undefined || visible === SpanContexts.propagated(entered?.span)",
      "visible === undefined"
    ],
    [
      "a span that is not to be propagated is passed over",
      "const visible = SpanContexts.propagated(span)",
      "const visible = span"
    ],
    [
      "baggage and suppression stay while the span changes",
      "new Entered(under?.base ?? Otel.ROOT_CONTEXT, span, id, under)",
      "new Entered(Otel.ROOT_CONTEXT, span, id, under)"
    ]
  ),
  inFile(
    "src/tracing/SpanContexts.ts",
    [parents],
    [
      "the public way enters no span that stands for a caller",
      "Parents.propagated(outermost(span))",
      "Parents.propagated(span)"
    ]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    [parents],
    [
      "a program that is started in another's promise goes back to that one's span",
      "const under = entered?.fiber === id ? entered.under : entered?.alone",
      "const under = entered?.fiber === thirdParty ? entered : entered?.under"
    ]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    ["test/tracing/ContextManager.test.ts"],
    [
      "nothing is entered for a span that stands for the one that is",
      "const span = SpanContexts.outermost(cache.span)",
      "const { span } = cache"
    ],
    [
      "a fiber that forks for ever keeps no chain of what its forbears began in",
      "? this\n      : new Entered(",
      "? this\n      : true ? this : new Entered("
    ]
  ),
  inFile(
    "src/tracing/ContextManager.ts",
    [strict],
    [
      "no context is made that nobody asks for",
      "this.under = under\n  }",
      "this.under = under\n    void this.context\n  }"
    ],
    [
      "a fiber of another Effect has no span",
      "as Partial<Fiber.Fiber.Cache> | undefined)?.span",
      "as Fiber.Fiber.Cache).span"
    ]
  ),
  inFile(
    "src/tracing/FiberInternals.ts",
    [parents, model, internals],
    ["a fiber's new span is entered", "watcher.spanChanged(this)", "void 0"],
    [
      "the starter of a fiber that waits gets back what was entered",
      "if (own.changes !== changes && watcher === own) own.restore(entered)",
      ""
    ]
  ),
  inFile(
    "src/tracing/FiberInternals.ts",
    [internals],
    ["an Effect that lacks one method keeps the other", "    stop()\n    throw fault", "    throw fault"],
    ["a fiber that is started with a span has it entered", "own.begins(this, entered)", ""],
    ["only the running fiber's span is entered", "Fiber.getCurrent() === this", "true"],
    ["no fiber is told what Effect would not cache", "Effect.succeed(isMadeSo && ", "Effect.succeed("],
    ["only stack frames name a context", " || overlay.key !== References.CurrentStackFrame.key) return", ") return"],
    [
      "a context is named on top of what it was made of",
      " || (context as PrivateContext).base !== base) return",
      ") return"
    ],
    ["no fiber is told where Effect does not look", "isMadeSo && fiber.cache === ours._fiberCache", "isMadeSo"],
    [
      "the context of a span holds what is around it",
      "value: stackFrame, parent: overlay }",
      "value: stackFrame, parent: undefined }"
    ],
    ["a context that is full is known to be", "this.depth = depth + 2", "this.depth = depth"],
    [
      "a fiber knows all that was changed with its span",
      "    overlay.parent !== (outer as PrivateContext).overlay\n",
      "    false\n"
    ],
    ["a fiber knows what its context was made of", "context.base !== (outer as PrivateContext).base ||", ""],
    [
      "a fiber knows its operation's frame",
      "this._fiberCache = { ...cache, span, stackFrame }",
      "this._fiberCache = { ...cache, span }"
    ]
  ),
  inFile(
    "src/tracing/FiberInternals.ts",
    [strict],
    [
      "what somebody else wrapped is not torn off",
      "original === undefined || prototype[name] !== ours",
      "original === undefined"
    ],
    ["nothing is wrapped twice", "if (original !== undefined) return", ""],
    ["there is one watcher", "if (watcher !== undefined) throw", "if (false) throw"]
  ),
  inFile(
    "src/tracing/StrictParents.ts",
    [strict],
    ["a layer may be told to keep to the public way", "if (wanted === \"public\") return", "if (false) return"],
    ["fibers are followed until the last layer that wants it", "if (wanting.size > 0) return", ""],
    ["nobody follows fibers when no layer wants it", "unwatch?.()", ""],
    ["what the trial finds decides", "if (problem !== undefined) return", "if (false) return"],
    ["a trial that throws has found something", "return { problem: String(fault) }", "return { problem: undefined }"],
    ["another context manager is not fed", "if (manager === undefined) return", "if (false) return"]
  ),
  inFile(
    "src/tracing/ParentsSelfTest.ts",
    [internals],
    ["the trial compares what was found", "if (found.join() !== wanted.join()) return", "if (false) return"]
  ),
  inFile(
    "src/tracing/GlobalApi.ts",
    [parents],
    ["the process-wide parts stay until the last layer", "if (live.length > 0 || ", "if ("]
  ),
  inFile(
    "src/tracing/GlobalApi.ts",
    [parents],
    ["suppression is read where a third party set it", "manager.thirdParty()", "Otel.ROOT_CONTEXT"]
  )
].flat()
