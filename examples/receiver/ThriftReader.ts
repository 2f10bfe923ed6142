import { DecodeError } from "./DecodeError.ts"

/**
 * Apache Thrift's binary and compact protocols (`doc/specs/thrift-binary-protocol.md` and
 * `thrift-compact-protocol.md` of apache/thrift), read into field numbers and values without an IDL.
 */

export type ThriftProtocol = "binary" | "compact"

/** A struct's fields by number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>

/** i64 is a bigint, strings and binaries are bytes; maps keep their entries in order. */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | Uint8Array
  | ReadonlyArray<ThriftValue>
  | ThriftStruct
  | { readonly entries: ReadonlyArray<readonly [ThriftValue, ThriftValue]> }

/** A call as it travels in one datagram: the method's name and its arguments. */
export interface ThriftMessage {
  readonly name: string
  readonly body: ThriftStruct
}

type WireType =
  | "stop"
  | "bool"
  | "byte"
  | "i16"
  | "i32"
  | "i64"
  | "double"
  | "binary"
  | "list"
  | "set"
  | "map"
  | "struct"

const binaryTypes: { readonly [code: number]: WireType } = {
  0: "stop",
  2: "bool",
  3: "byte",
  4: "double",
  6: "i16",
  8: "i32",
  10: "i64",
  11: "binary",
  12: "struct",
  13: "map",
  14: "set",
  15: "list"
}

const compactTypes: { readonly [code: number]: WireType } = {
  0: "stop",
  1: "bool",
  2: "bool",
  3: "byte",
  4: "i16",
  5: "i32",
  6: "i64",
  7: "double",
  8: "binary",
  9: "list",
  10: "set",
  11: "map",
  12: "struct"
}

const maxDepth = 32

/** Which protocol a message starts in; a struct without a message header (Thrift over HTTP) cannot tell. */
export const protocolOf = (bytes: Uint8Array): ThriftProtocol => bytes[0] === 0x82 ? "compact" : "binary"

/** Reads one Thrift value after the other; throws `DecodeError`. */
export class ThriftReader {
  readonly protocol: ThriftProtocol
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private offset = 0

  constructor(bytes: Uint8Array, protocol: ThriftProtocol) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.protocol = protocol
  }

  /** A message header (strict or old binary, compact) and the arguments after it. */
  message(): ThriftMessage {
    if (this.protocol === "compact") {
      if (this.u8() !== 0x82) throw this.error("a compact message starts with 0x82")
      const version = this.u8() & 0x1f
      if (version !== 1) throw this.error(`compact protocol version ${version}, expected 1`)
      this.varint()
      return { name: this.text(), body: this.struct() }
    }
    if (this.view.getUint8(this.peek(1)) < 0x80) {
      const name = this.text()
      this.u8()
      this.i32()
      return { name, body: this.struct() }
    }
    const version = this.i32() >>> 16
    if (version !== 0x8001) throw this.error(`binary protocol version 0x${version.toString(16)}, expected 0x8001`)
    const name = this.text()
    this.i32()
    return { name, body: this.struct() }
  }

  struct(depth = 0): ThriftStruct {
    if (depth > maxDepth) throw this.error(`structs nested deeper than ${maxDepth}`)
    const fields = new Map<number, ThriftValue>()
    let field = 0
    for (;;) {
      const header = this.u8()
      const code = this.protocol === "compact" ? header & 0x0f : header
      const type = this.type(code)
      if (type === "stop") return fields
      if (this.protocol === "binary") field = this.i16()
      else field = header >>> 4 === 0 ? this.i16() : field + (header >>> 4)
      const value = this.protocol === "compact" && type === "bool" ? code === 1 : this.value(type, depth + 1)
      fields.set(field, value)
    }
  }

  /** True when every byte was read. */
  get done(): boolean {
    return this.offset === this.bytes.length
  }

  error(reason: string): DecodeError {
    return new DecodeError({ format: "thrift", reason: `${this.protocol}: ${reason}`, offset: this.offset })
  }

  private value(type: WireType, depth: number): ThriftValue {
    switch (type) {
      case "bool":
        return this.u8() === 1
      case "byte":
        return this.view.getInt8(this.take(1))
      case "i16":
        return this.i16()
      case "i32":
        return this.i32()
      case "i64":
        return this.i64()
      case "double":
        return this.view.getFloat64(this.take(8), this.protocol === "compact")
      case "binary":
        return this.binary()
      case "struct":
        return this.struct(depth)
      case "list":
      case "set":
        return this.list(depth)
      case "map":
        return this.map(depth)
      case "stop":
        throw this.error("a container of type stop")
    }
  }

  private list(depth: number): ReadonlyArray<ThriftValue> {
    if (depth > maxDepth) throw this.error(`containers nested deeper than ${maxDepth}`)
    const header = this.u8()
    const type = this.type(this.protocol === "compact" ? header & 0x0f : header)
    const short = header >>> 4
    const size = this.protocol === "binary" ? this.i32() : short === 15 ? this.varint32() : short
    this.checkSize(size, type)
    const values: Array<ThriftValue> = []
    for (let index = 0; index < size; index++) values.push(this.value(type, depth + 1))
    return values
  }

  private map(depth: number): ThriftValue {
    if (depth > maxDepth) throw this.error(`containers nested deeper than ${maxDepth}`)
    const entries: Array<readonly [ThriftValue, ThriftValue]> = []
    let size: number
    let types: readonly [WireType, WireType] = ["byte", "byte"]
    if (this.protocol === "compact") {
      size = this.varint32()
      if (size > 0) {
        const header = this.u8()
        types = [this.type(header >>> 4), this.type(header & 0x0f)]
      }
    } else {
      types = [this.type(this.u8()), this.type(this.u8())]
      size = this.i32()
    }
    this.checkSize(size, types[0])
    for (let index = 0; index < size; index++) {
      const key = this.value(types[0], depth + 1)
      entries.push([key, this.value(types[1], depth + 1)])
    }
    return { entries }
  }

  /** Every element takes at least one byte: a larger size is a lie, and would cost memory. */
  private checkSize(size: number, type: WireType): void {
    if (size < 0 || size > this.bytes.length - this.offset) {
      throw this.error(`a container of ${size} ${type} where ${this.bytes.length - this.offset} bytes are left`)
    }
  }

  private type(code: number): WireType {
    const type = (this.protocol === "compact" ? compactTypes : binaryTypes)[code]
    if (type === undefined) throw this.error(`type code ${code}`)
    return type
  }

  private binary(): Uint8Array {
    const length = this.protocol === "compact" ? this.varint32() : this.i32()
    if (length < 0) throw this.error(`a string of ${length} bytes`)
    const start = this.take(length)
    return this.bytes.subarray(start, start + length)
  }

  private text(): string {
    return Buffer.from(this.binary()).toString("utf8")
  }

  private u8(): number {
    return this.view.getUint8(this.take(1))
  }

  private i16(): number {
    return this.protocol === "compact" ? Number(this.zigzag()) : this.view.getInt16(this.take(2))
  }

  private i32(): number {
    return this.protocol === "compact" ? Number(this.zigzag()) : this.view.getInt32(this.take(4))
  }

  private i64(): bigint {
    return this.protocol === "compact" ? this.zigzag() : this.view.getBigInt64(this.take(8))
  }

  private zigzag(): bigint {
    const value = this.varint()
    return (value >> 1n) ^ -(value & 1n)
  }

  private varint32(): number {
    return Number(this.varint())
  }

  private varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw this.error("varint longer than 10 bytes")
  }

  private peek(length: number): number {
    if (length > this.bytes.length - this.offset) throw this.error(`${length} bytes expected, the message ends`)
    return this.offset
  }

  private take(length: number): number {
    const start = this.peek(length)
    this.offset = start + length
    return start
  }
}
