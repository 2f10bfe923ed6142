import { DecodeError } from "./DecodeError.ts"

const text = new TextDecoder("utf-8", { fatal: true })

/**
 * Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding): varint, fixed 32 and 64 bits and
 * length-delimited fields. Written apart from any encoder, so that it can judge one. Throws `DecodeError`.
 */
export class ProtobufReader {
  readonly bytes: Uint8Array
  private readonly view: DataView
  private offset = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Calls `onField` for each field; a field that `onField` does not read (answers false) is skipped. */
  eachField(onField: (field: number, wireType: number) => boolean): void {
    while (this.offset < this.bytes.length) {
      const tag = Number(this.varint() & 0xffff_ffffn)
      const field = tag >>> 3
      const wireType = tag & 7
      if (field === 0) throw this.error("field number 0")
      if (!onField(field, wireType)) this.skip(wireType)
    }
  }

  /** An unsigned 64-bit varint. */
  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.offset >= this.bytes.length) throw this.error("varint cut off")
      const byte = this.bytes[this.offset++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw this.error("varint longer than 10 bytes")
  }

  /** A signed 64-bit varint (two's complement, as `int64`), as a number where that is exact. */
  int64(): number | bigint {
    const value = BigInt.asIntN(64, this.varint())
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }

  /** A small unsigned number: enum, count. */
  uint32(): number {
    return Number(this.varint() & 0xffff_ffffn)
  }

  bool(): boolean {
    return this.varint() !== 0n
  }

  fixed64(): bigint {
    return this.view.getBigUint64(this.take(8), true)
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true)
  }

  /** A length-delimited field, as a view on the same memory. */
  delimited(): Uint8Array {
    const length = this.varint()
    if (length > BigInt(this.bytes.length - this.offset)) throw this.error(`field of ${length} bytes cut off`)
    const start = this.take(Number(length))
    return this.bytes.subarray(start, this.offset)
  }

  string(): string {
    const start = this.offset
    try {
      return text.decode(this.delimited())
    } catch (error) {
      if (error instanceof DecodeError) throw error
      throw new DecodeError({ format: "protobuf", reason: "a string is not UTF-8", offset: start })
    }
  }

  /** Throws unless the field came with the wire type that its definition has. */
  expect(wireType: number, expected: 0 | 1 | 2, what: string): void {
    if (wireType !== expected) throw this.error(`${what} has wire type ${wireType}, expected ${expected}`)
  }

  private skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.varint()
        return
      case 1:
        this.take(8)
        return
      case 2:
        this.delimited()
        return
      case 5:
        this.take(4)
        return
      default:
        throw this.error(`wire type ${wireType}`)
    }
  }

  private take(length: number): number {
    const start = this.offset
    if (length > this.bytes.length - start) throw this.error(`${length} bytes expected, the message ends`)
    this.offset = start + length
    return start
  }

  private error(reason: string): DecodeError {
    return new DecodeError({ format: "protobuf", reason, offset: this.offset })
  }
}
