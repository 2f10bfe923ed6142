/**
 * OTLP's own schema, read by protobuf.js: an encoder and a decoder that are not ours.
 */
import * as Path from "node:path"
import protobuf from "protobufjs"

const schema = new protobuf.Root()
schema.resolvePath = (_, target) => Path.join(import.meta.dirname, "fixtures/opentelemetry-proto", target)
schema.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto")

/** The type of a message, by its full name. */
export const message = (name: string): protobuf.Type => schema.lookupType(name)
