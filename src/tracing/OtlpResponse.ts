/**
 * What a receiver says of the spans that it did not take: an `ExportTraceServiceResponse` in protobuf or in JSON
 * (opentelemetry-proto 1.9, `collector/trace/v1/trace_service.proto`).
 *
 * OpenTelemetry's reader would bring its logs and metrics along, 87 modules for two fields.
 */

/** How many spans were rejected, and why. */
export interface PartialSuccess {
  readonly rejectedSpans: number
  readonly errorMessage: string
}

const whole: PartialSuccess = { rejectedSpans: 0, errorMessage: "" }

/** Reads an answer; one that can't be read says nothing. */
export const read = (body: Uint8Array, contentType: string): PartialSuccess => {
  if (body.byteLength === 0) return whole
  try {
    return contentType.includes("json") ? readJson(body) : readProtobuf(body)
  } catch {
    return whole
  }
}

const readJson = (body: Uint8Array): PartialSuccess => {
  const { errorMessage, rejectedSpans } = JSON.parse(Buffer.from(body).toString("utf8"))?.partialSuccess ?? {}
  // JSON has a number of 64 bits as text.
  return checked(Number(rejectedSpans ?? 0), typeof errorMessage === "string" ? errorMessage : "")
}

const readProtobuf = (body: Uint8Array): PartialSuccess => {
  let rejectedSpans = 0
  let errorMessage = ""
  eachField(body, (field, content) => {
    if (field !== 1 || typeof content === "number") return
    eachField(content, (field, content) => {
      if (field === 1 && typeof content === "number") rejectedSpans = content
      else if (field === 2 && typeof content !== "number") errorMessage = Buffer.from(content).toString("utf8")
    })
  })
  return checked(rejectedSpans, errorMessage)
}

const checked = (rejectedSpans: number, errorMessage: string): PartialSuccess => ({
  rejectedSpans: Number.isFinite(rejectedSpans) && rejectedSpans > 0 ? Math.trunc(rejectedSpans) : 0,
  errorMessage
})

/** Calls for each field of a message that is a varint or tells its length; throws where the message is cut off. */
const eachField = (bytes: Uint8Array, onField: (field: number, content: number | Uint8Array) => void): void => {
  let at = 0
  const skip = (length: number): void => {
    at += length
    if (at > bytes.length) throw new RangeError(`${bytes.length} bytes of ${at}`)
  }
  const varint = (): number => {
    let value = 0
    for (let scale = 1; scale < 2 ** 64; scale *= 0x80) {
      const byte = bytes[at] ?? 0
      skip(1)
      value += (byte & 0x7f) * scale
      // Of 64 bits, the highest is the sign.
      if (byte < 0x80) return value < 2 ** 63 ? value : value - 2 ** 64
    }
    throw new RangeError("a number of more than 64 bits")
  }
  while (at < bytes.length) {
    const tag = varint()
    const wireType = tag & 7
    if (wireType === 0) onField(tag >>> 3, varint())
    else if (wireType === 2) {
      const length = varint()
      const start = at
      skip(length)
      onField(tag >>> 3, bytes.subarray(start, at))
    } else if (wireType === 1) skip(8)
    else if (wireType === 5) skip(4)
    else throw new RangeError(`wire type ${wireType}`)
  }
}
