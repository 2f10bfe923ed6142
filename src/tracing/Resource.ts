/**
 * Who the spans are from.
 */
import { VERSION } from "@opentelemetry/core/build/src/version.js"
import type { Resource } from "@opentelemetry/resources"
import { randomUUID } from "node:crypto"
import type { ObservabilityConfig } from "../ObservabilityConfig.ts"
import type { SpanScrubber } from "./ScrubbedSpan.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import * as Sdk from "./Sdk.ts"

type Attributes = Resource["attributes"]

// What OpenTelemetry's `defaultResource` says of the SDK.
const sdk: Attributes = {
  "telemetry.sdk.language": "nodejs",
  "telemetry.sdk.name": "opentelemetry",
  "telemetry.sdk.version": VERSION
}

/** A resource of which everything is known when it is made; only to be merged with another it needs the SDK. */
class KnownResource implements Resource {
  readonly attributes: Attributes
  readonly asyncAttributesPending = false

  constructor(attributes: Attributes) {
    this.attributes = attributes
  }

  getRawAttributes(): ReturnType<Resource["getRawAttributes"]> {
    return Object.entries(this.attributes)
  }

  merge(other: Resource | null): Resource {
    return Sdk.resources().resourceFromAttributes(this.attributes).merge(other)
  }
}

/**
 * The resource of a service: `OTEL_RESOURCE_ATTRIBUTES`, scrubbed, under the service's name, version, environment, and
 * an instance id that is new for each layer unless the attributes name one.
 */
export const make = (service: ObservabilityConfig["service"], scrubber: SpanScrubber): Resource => {
  const own: Attributes = {
    "service.instance.id": randomUUID(),
    ...ScrubbedSpan.attributes(service.resourceAttributes, scrubber),
    "service.name": service.name,
    ...(service.version === undefined ? {} : { "service.version": service.version }),
    "deployment.environment.name": service.environment
  }
  return new KnownResource({ ...own, ...sdk, ...own })
}
