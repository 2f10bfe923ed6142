import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as SqlText from "../../src/instrument/SqlText.ts"
import { countSteps } from "../scrubber/steps.ts"

const tables = new Set(["prices", "lots", "portfolios", "alerts", "audit_log"])
const cases: ReadonlyArray<readonly [text: string, operation: SqlText.Operation, table: string]> = [
  // Plain statements
  ["SELECT * FROM prices", "select", "prices"],
  ["select id from Prices where day = $1", "select", "prices"],
  ["SELECT 1", "select", "none"],
  ["SELECT now(), current_date", "select", "none"],
  ["INSERT INTO lots (id, qty) VALUES ($1, $2) RETURNING *", "insert", "lots"],
  ["UPDATE alerts SET active = false WHERE id = $1", "update", "alerts"],
  ["UPDATE ONLY alerts SET active = false", "update", "alerts"],
  ["DELETE FROM alerts USING portfolios WHERE alerts.p = portfolios.id", "delete", "alerts"],
  ["MERGE INTO prices p USING lots l ON p.id = l.id WHEN MATCHED THEN UPDATE SET x = 1", "merge", "prices"],
  ["TRUNCATE prices, lots", "truncate", "prices"],
  ["TRUNCATE TABLE ONLY prices", "truncate", "prices"],
  ["COPY prices (day, close) FROM STDIN", "copy", "prices"],
  ["VALUES (1, 2)", "other", "none"],
  ["TABLE prices", "other", "prices"],
  // Names
  ["SELECT * FROM public.prices", "select", "prices"],
  ["SELECT * FROM \"dawsos\".\"public\".\"prices\"", "select", "prices"],
  ["SELECT * FROM \"Prices\"", "select", "other"],
  ["SELECT * FROM \"a\"\"b\"", "select", "other"],
  ["SELECT \"from prices\" FROM lots", "select", "lots"],
  ["SELECT * FROM secrets", "select", "other"],
  // Joins and subqueries: the first known table of the outermost query
  ["SELECT * FROM lots l JOIN prices p ON p.id = l.id", "select", "lots"],
  ["SELECT * FROM unknown u LEFT JOIN prices p USING (id)", "select", "prices"],
  ["SELECT (SELECT max(day) FROM prices) FROM lots", "select", "lots"],
  ["SELECT * FROM (SELECT * FROM prices) p", "select", "prices"],
  ["SELECT * FROM (SELECT * FROM prices) p JOIN lots ON true", "select", "lots"],
  ["(SELECT * FROM prices) UNION (SELECT * FROM lots)", "select", "prices"],
  ["SELECT * FROM generate_series(1, 10) n JOIN LATERAL prices ON true", "select", "prices"],
  ["SELECT * FROM unnest($1::int[])", "select", "none"],
  // What a statement writes to, not what it reads
  ["INSERT INTO lots SELECT * FROM prices", "insert", "lots"],
  ["INSERT INTO secrets SELECT * FROM prices", "insert", "other"],
  ["INSERT INTO lots (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET qty = excluded.qty", "insert", "lots"],
  ["UPDATE secrets SET x = p.x FROM prices p", "update", "other"],
  // CTEs
  ["WITH last AS (SELECT * FROM prices) SELECT * FROM last", "select", "prices"],
  ["WITH last AS (SELECT * FROM prices) SELECT * FROM lots JOIN last ON true", "select", "lots"],
  ["WITH a AS (SELECT 1), b (x, y) AS MATERIALIZED (SELECT * FROM prices) SELECT * FROM b", "select", "prices"],
  ["WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t", "select", "none"],
  ["WITH gone AS (DELETE FROM lots RETURNING *) INSERT INTO audit_log SELECT * FROM gone", "insert", "audit_log"],
  ["WITH u AS (UPDATE lots SET x = 1 RETURNING *) SELECT * FROM u", "select", "lots"],
  ["WITH prices AS (SELECT * FROM lots) SELECT * FROM prices", "select", "lots"],
  // Keywords that name no table
  ["SELECT EXTRACT(epoch FROM prices) FROM lots", "select", "lots"],
  ["SELECT EXTRACT(year FROM $1)", "select", "none"],
  ["SELECT SUBSTRING(name FROM 1 FOR 2), TRIM(BOTH 'x' FROM prices) FROM lots", "select", "lots"],
  ["SELECT EXTRACT(day FROM (SELECT max(d) FROM prices))", "select", "prices"],
  ["SELECT 1 WHERE a IS DISTINCT FROM prices", "select", "none"],
  ["SELECT * FROM lots FOR UPDATE", "select", "lots"],
  ["SELECT 1 FOR NO KEY UPDATE SKIP LOCKED", "select", "none"],
  // DDL
  ["CREATE TABLE IF NOT EXISTS prices (id int REFERENCES lots ON DELETE CASCADE)", "create", "prices"],
  ["CREATE TABLE x AS SELECT * FROM prices", "create", "other"],
  ["CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY public.prices USING btree (day)", "create", "prices"],
  ["CREATE TRIGGER t AFTER INSERT OR UPDATE ON lots FOR EACH ROW EXECUTE FUNCTION f()", "create", "lots"],
  ["CREATE EXTENSION pgcrypto", "create", "none"],
  ["ALTER TABLE IF EXISTS ONLY alerts ADD COLUMN x int", "alter", "alerts"],
  ["DROP TABLE IF EXISTS lots CASCADE", "drop", "lots"],
  ["DROP INDEX i", "drop", "none"],
  // Others
  ["BEGIN", "other", "none"],
  ["SET search_path TO x", "other", "none"],
  ["GRANT SELECT, UPDATE, TRUNCATE ON lots TO public", "other", "none"],
  ["EXPLAIN ANALYZE SELECT * FROM prices", "other", "prices"],
  ["LOCK TABLE prices IN SHARE MODE", "other", "prices"],
  ["", "other", "none"],
  [";;", "other", "none"],
  ["((((", "other", "none"],
  ["))))", "other", "none"],
  // Comments, literals, several statements
  ["-- SELECT * FROM lots\nDELETE FROM prices", "delete", "prices"],
  ["/* a /* nested */ FROM lots */ SELECT * FROM prices", "select", "prices"],
  ["SELECT ' FROM lots ' FROM prices", "select", "prices"],
  ["SELECT E'it\\'s FROM lots' FROM prices", "select", "prices"],
  ["SELECT $x$ FROM lots $x$ FROM prices", "select", "prices"],
  ["SELECT $$ FROM lots", "select", "none"],
  ["INSERT INTO lots VALUES (1); DELETE FROM prices", "insert", "lots"],
  ["; SELECT * FROM prices", "select", "prices"],
  ["OTHER", "other", "none"]
]

describe("The operation and table of a statement", () => {
  for (const [text, operation, table] of cases) {
    it(`${JSON.stringify(text)} is ${operation} ${table}`, () => {
      const { operation: found, table: named } = SqlText.classify(text, tables)
      expect(`${found} ${named}`).toBe(`${operation} ${table}`)
    })
  }
})

describe("The shape of a statement", () => {
  it.each([
    ["SELECT * FROM prices WHERE id=42 AND name = 'O''Brien'", "SELECT * FROM prices WHERE id = ? AND name = ?"],
    ["select count(*) from a . b where x::int>$1", "select count(*) from a.b where x::int > $1"],
    ["SELECT -1.5e-3, .5, 0xFF, 1_000", "SELECT - ? - ?, ?, ?, ?"],
    ["SELECT B'01', x'ff', N'n', U&'d', e'\\''", "SELECT ?, ?, ?, U & ?, ?"],
    ["SELECT 1 -- secret\n+ /* secret */ 2", "SELECT ? + ?"],
    ["SELECT $tag$secret$tag$, $$more$$, $тег$x$тег$", "SELECT ?, ?, ?"],
    ["SELECT a$b$c, $1, $12 FROM t;", "SELECT a$b$c, $1, $12 FROM t;"],
    ["SELECT 'unterminated secret", "SELECT ?"],
    ["INSERT INTO t(a,b) VALUES ('x', 1)", "INSERT INTO t(a, b) VALUES(?, ?)"]
  ])("of %s is %s", (text, shape) => {
    expect(SqlText.classify(text, tables).shape).toBe(shape)
  })

  it("has an end, and says so", () => {
    const { shape } = SqlText.classify(`SELECT ${"column, ".repeat(1000)}`, tables)
    expect(shape.length).toBe(SqlText.maxTextLength + 1)
    expect(shape.endsWith("…")).toBe(true)
  })
})

describe("Whatever is sent", () => {
  const fragment = FastCheck.oneof(
    FastCheck.string({ unit: "binary", maxLength: 10 }),
    FastCheck.constantFrom(
      ..."( ) ; , . ' \" $ $$ $a$ -- /* */ \\ \n ::".split(" "),
      ..."SELECT FROM JOIN WITH AS INSERT INTO UPDATE SET DELETE prices EXTRACT ON INDEX CREATE TABLE E' U& 1 1e5"
        .split(
          " "
        )
    )
  )
  const anything = FastCheck.array(fragment, { maxLength: 60 }).chain((parts) =>
    FastCheck.constantFrom(parts.join(" "), parts.join(""))
  )

  it("nothing throws, and labels come from a fixed list", () => {
    const allowed = new Set([...tables, SqlText.otherTable, SqlText.noTable])
    FastCheck.assert(
      FastCheck.property(anything, (text) => {
        const { operation, shape, table } = SqlText.classify(text, tables)
        expect(SqlText.operations).toContain(operation)
        expect(allowed.has(table)).toBe(true)
        expect(shape.length).toBeLessThanOrEqual(SqlText.maxTextLength + 1)
      }),
      { numRuns: 2_000 }
    )
  })

  it("no literal and no comment survives in the shape", () => {
    const secret = "s3cr3tValue"
    const hidden = FastCheck.tuple(FastCheck.constantFrom("", "a ", "'' ", "$x ", "\\\\ "), FastCheck.nat(5)).map(
      ([before, kind]) => {
        const inner = `${before.replaceAll("'", "")}${secret}`
        return [
          `'${inner}'`,
          `E'it\\'s ${inner}'`,
          `$q$${inner.replaceAll("$", "")}$q$`,
          `/* ${inner} /* ${secret} */ */`,
          `-- ${inner}\n`,
          `'it''s ${inner}'`
        ][kind]!
      }
    )
    const word = FastCheck.constantFrom(
      "SELECT",
      "FROM",
      "prices",
      "WHERE",
      "(",
      ")",
      ",",
      "=",
      "$1",
      "\"id\"",
      "::text"
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.oneof(word, hidden), { maxLength: 40 }), (parts) => {
        expect(SqlText.classify(parts.join(" "), tables).shape).not.toContain("s3cr3t")
      }),
      { numRuns: 2_000 }
    )
  })

  it("no number survives in the shape", () => {
    FastCheck.assert(FastCheck.property(FastCheck.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const { shape } = SqlText.classify(`SELECT * FROM prices WHERE x = ${value} OR y=${value}`, tables)
      expect(shape.replace("$1", "")).not.toMatch(/[0-9]/)
    }))
  })
})

/** A text that says when one of its characters is read by its index, which happens in no method that can be counted. */
const watched = (text: string, read: () => void): string => {
  const get = (target: object, key: string | symbol): unknown => {
    if (typeof key === "string" && /^\d+$/.test(key)) read()
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === "function" ? value.bind(target) : value
  }
  // A string in all that the reader asks of one.
  return new Proxy(Object(text) as object, { get }) as unknown as string
}

describe("The work of reading an SQL text", () => {
  const size = 500
  const repeat = (pattern: string, length: number): string => pattern.repeat(Math.ceil(length / pattern.length))

  const steps = (text: string): number => {
    let reads = 0
    const seen = watched(text, () => reads++)
    // Those of the tokens look at each character once.
    return countSteps(() => SqlText.classify(seen, tables), "linear") + reads
  }

  /** How often the work of one size is needed for 16 times that size: 16 where it is linear, 256 where it is quadratic. */
  const growth = (text: (length: number) => string): number => steps(text(16 * size)) / steps(text(size))

  const fragments = [
    ["$a", "$", "$1", "$a$", "(", ")", ") AS ", "x) AS (", "'", "''", "E'\\", "\"", "\"\"", "1", "1e", "::"],
    ["/*", "*/", "--", "\n", "-", "a", "a.", ".", ",", ";", " ", "é", "😀", "prices ", "SELECT ", "INSERT INTO "],
    ["WITH a AS (", "FROM ", "JOIN ", "TABLE ", "ONLY ", "IF NOT EXISTS ", "UPDATE ", "ON ", "INDEX ", "EXTRACT("]
  ].flat()
  const fragment = FastCheck.constantFrom(...fragments)

  it.each(fragments)("grows with the text for repetitions of %j", (part) => {
    expect(growth((length) => repeat(part, length))).toBeLessThan(32)
    expect(growth((length) => `WITH x AS (${repeat(part, length)}`)).toBeLessThan(32)
  })

  it("grows with the text for a beginning and the repetition of any mixture", () => {
    const parts = FastCheck.array(fragment, { minLength: 1, maxLength: 4 })
    FastCheck.assert(
      FastCheck.property(fragment, parts, (head, parts) => {
        expect(growth((length) => head + repeat(parts.join(""), length))).toBeLessThan(32)
      }),
      { numRuns: 50 }
    )
  })

  it("is some twenty looks at each character of a usual statement, and ends at the longest text that is read", () => {
    const usual = "SELECT p.day, p.close FROM prices p JOIN lots l ON l.symbol = p.symbol WHERE p.day = $1 AND x = 'y' "
    expect(steps(usual)).toBeLessThan(25 * usual.length)
    const longest = repeat(usual, SqlText.maxReadLength)
    expect(steps(longest.repeat(10))).toBeLessThan(1.1 * steps(longest))
  })
})

describe("A classifier", () => {
  it("answers the same for a text that it remembers, and for more texts than it keeps", () => {
    const classify = SqlText.classifier(tables)
    const first = classify("SELECT * FROM prices")
    expect(classify("SELECT * FROM prices")).toBe(first)
    for (let n = 0; n <= SqlText.maxRemembered; n++) classify(`SELECT ${n} FROM lots`)
    expect(classify("SELECT * FROM prices")).toEqual(first)
  })

  it("does not keep long texts", () => {
    const classify = SqlText.classifier(tables)
    const long = `INSERT INTO lots VALUES ${"($1), ".repeat(SqlText.maxRememberedLength)}`
    expect(classify(long)).not.toBe(classify(long))
    expect(classify(long).table).toBe("lots")
  })
})
