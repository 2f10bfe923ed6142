/** What is at a path of a value whose type nobody tells, such as an answer's JSON: `-1` is the last of a list. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      Array.isArray(inner) && typeof key === "number"
        ? inner.at(key)
        : typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? Reflect.get(inner, key)
        : undefined,
    value
  )
