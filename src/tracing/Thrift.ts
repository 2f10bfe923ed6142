/**
 * Apache Thrift's two encodings, as far as Jaeger's messages need them.
 *
 * `binary` is what Jaeger takes over HTTP and on UDP port 6832, `compact` what it takes on UDP port 6831, the default.
 * The library inside `@opentelemetry/exporter-jaeger` knows only the first, and tells the size of a message too late.
 */

/** The types of fields and of list elements. */
export type Type = "bool" | "double" | "i32" | "i64" | "string" | "struct" | "list"

/** The two encodings. */
export type Encoding = "binary" | "compact"

/** Writes one struct, message or fragment; fields in ascending order of their ids. */
export interface Writer {
  readonly begin: () => void
  readonly end: () => void
  readonly bool: (id: number, value: boolean) => void
  readonly double: (id: number, value: number) => void
  readonly i32: (id: number, value: number) => void
  /** Eight bytes, the most significant first. */
  readonly i64: (id: number, value: Uint8Array) => void
  readonly string: (id: number, value: string) => void
  /** A field that holds a struct; `begin` and `end` follow. */
  readonly struct: (id: number) => void
  /** A field that holds a list of structs; that many follow. */
  readonly structs: (id: number, size: number) => void
  /** A one-way call; its arguments follow as a struct. */
  readonly call: (name: string) => void
  /** Something that was encoded before. */
  readonly raw: (bytes: Uint8Array) => void
  readonly bytes: () => Uint8Array
}

/** Makes a writer. */
export const writer = (encoding: Encoding): Writer => encoding === "binary" ? binary() : compact()

const binaryTypes: Readonly<Record<Type, number>> = {
  bool: 2,
  double: 4,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  list: 15
}

// A bool is written as its own type; 1 stands for true here.
const compactTypes: Readonly<Record<Type, number>> = {
  bool: 1,
  double: 7,
  i32: 5,
  i64: 6,
  string: 8,
  list: 9,
  struct: 12
}

const oneWay = 4

class Bytes {
  #buffer = Buffer.allocUnsafe(512)
  #size = 0

  #room(count: number): number {
    const at = this.#size
    this.#size += count
    if (this.#size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#size, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }

  byte(value: number): void {
    const at = this.#room(1)
    this.#buffer[at] = value
  }

  int(value: number, width: 2 | 4): void {
    const at = this.#room(width)
    this.#buffer.writeIntBE(value, at, width)
  }

  double(value: number, littleEndian: boolean): void {
    const at = this.#room(8)
    if (littleEndian) this.#buffer.writeDoubleLE(value, at)
    else this.#buffer.writeDoubleBE(value, at)
  }

  varint(value: bigint): void {
    let rest = value
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.byte(Number(rest))
  }

  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.byteLength)
    this.#buffer.set(bytes, at)
  }

  taken(): Uint8Array {
    return Buffer.from(this.#buffer.subarray(0, this.#size))
  }
}

const binary = (): Writer => {
  const out = new Bytes()
  const field = (id: number, type: Type): void => {
    out.byte(binaryTypes[type])
    out.int(id, 2)
  }
  const text = (value: string): void => {
    const bytes = Buffer.from(value, "utf8")
    out.int(bytes.byteLength, 4)
    out.raw(bytes)
  }
  return {
    begin: () => {},
    end: () => out.byte(0),
    bool: (id, value) => {
      field(id, "bool")
      out.byte(value ? 1 : 0)
    },
    double: (id, value) => {
      field(id, "double")
      out.double(value, false)
    },
    i32: (id, value) => {
      field(id, "i32")
      out.int(value, 4)
    },
    i64: (id, value) => {
      field(id, "i64")
      out.raw(value)
    },
    string: (id, value) => {
      field(id, "string")
      text(value)
    },
    struct: (id) => field(id, "struct"),
    structs: (id, size) => {
      field(id, "list")
      out.byte(binaryTypes.struct)
      out.int(size, 4)
    },
    call: (name) => {
      // The strict form: version 1, then the kind of message.
      out.raw(Uint8Array.of(0x80, 0x01, 0x00, oneWay))
      text(name)
      out.int(0, 4)
    },
    raw: (bytes) => out.raw(bytes),
    bytes: () => out.taken()
  }
}

const compact = (): Writer => {
  const out = new Bytes()
  // The ids of the structs that are open, innermost last: a field is written as its distance to the one before.
  const last: Array<number> = []
  const header = (id: number, type: number): void => {
    const delta = id - (last[last.length - 1] ?? 0)
    last[last.length - 1] = id
    if (delta > 0 && delta <= 15) {
      out.byte((delta << 4) | type)
    } else {
      out.byte(type)
      out.varint(zigzag(BigInt(id)))
    }
  }
  const text = (value: string): void => {
    const bytes = Buffer.from(value, "utf8")
    out.varint(BigInt(bytes.byteLength))
    out.raw(bytes)
  }
  return {
    begin: () => {
      last.push(0)
    },
    end: () => {
      last.pop()
      out.byte(0)
    },
    bool: (id, value) => header(id, value ? 1 : 2),
    double: (id, value) => {
      header(id, compactTypes.double)
      out.double(value, true)
    },
    i32: (id, value) => {
      header(id, compactTypes.i32)
      out.varint(zigzag(BigInt(value)))
    },
    i64: (id, value) => {
      header(id, compactTypes.i64)
      out.varint(zigzag(Buffer.from(value).readBigInt64BE()))
    },
    string: (id, value) => {
      header(id, compactTypes.string)
      text(value)
    },
    struct: (id) => header(id, compactTypes.struct),
    structs: (id, size) => {
      header(id, compactTypes.list)
      if (size < 15) {
        out.byte((size << 4) | compactTypes.struct)
      } else {
        out.byte(0xf0 | compactTypes.struct)
        out.varint(BigInt(size))
      }
    },
    call: (name) => {
      out.byte(0x82)
      out.byte((oneWay << 5) | 1)
      out.varint(0n)
      text(name)
    },
    raw: (bytes) => out.raw(bytes),
    bytes: () => out.taken()
  }
}

const zigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
