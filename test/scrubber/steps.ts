/**
 * Counts the work of a scan: characters looked at one by one or by the string methods that scanners use. The prototypes
 * are counted from outside, so the code under test is the code that ships.
 *
 * Regular expressions can't be counted and throw, unless all of them are known to look at each character once.
 */
export const countSteps = (run: () => void, regularExpressions: "throw" | "linear" = "throw"): number => {
  let steps = 0
  const restore: Array<() => void> = []
  const replace = (target: object, name: string, by: (original: Function) => Function) => {
    const descriptor = Object.getOwnPropertyDescriptor(target, name)
    if (descriptor === undefined) throw new Error(`no ${name}`)
    const original = descriptor.value as Function
    Object.defineProperty(target, name, { ...descriptor, value: by(original) })
    restore.push(() => Object.defineProperty(target, name, descriptor))
  }
  const counted =
    (cost: (self: string, args: ReadonlyArray<unknown>, result: unknown) => number) => (original: Function) =>
      function(this: string, ...args: Array<unknown>): unknown {
        const result: unknown = Reflect.apply(original, this, args)
        steps += cost(this, args, result)
        return result
      }
  const from = (at: unknown) => typeof at === "number" ? at : 0
  const length = (value: unknown) => typeof value === "string" ? value.length : 1
  replace(String.prototype, "charCodeAt", counted(() => 1))
  replace(String.prototype, "charAt", counted(() => 1))
  replace(
    String.prototype,
    "indexOf",
    counted((self, args, result) => 1 + ((result as number) < 0 ? self.length : (result as number)) - from(args[1]))
  )
  replace(String.prototype, "lastIndexOf", counted((self) => self.length))
  replace(String.prototype, "includes", counted((self) => self.length))
  replace(String.prototype, "startsWith", counted((_, args) => length(args[0])))
  replace(String.prototype, "endsWith", counted((_, args) => length(args[0])))
  for (const name of ["slice", "toLowerCase", "trim", "replaceAll", "toWellFormed", "split"]) {
    replace(String.prototype, name, counted((_, __, result) => 1 + length(result)))
  }
  const ofArgument = counted((_, args) => length(args[0]))
  replace(globalThis, "decodeURIComponent", ofArgument)
  replace(globalThis, "encodeURIComponent", ofArgument)
  replace(JSON, "parse", ofArgument)
  replace(Buffer, "from", ofArgument)
  replace(Buffer.prototype, "toString", counted((_, __, result) => 1 + length(result)))
  const uncountable = () => () => {
    throw new Error("the steps of a regular expression can't be counted")
  }
  replace(RegExp.prototype, "exec", regularExpressions === "linear" ? ofArgument : uncountable)
  try {
    run()
  } finally {
    for (const undo of restore.reverse()) undo()
  }
  return steps
}
