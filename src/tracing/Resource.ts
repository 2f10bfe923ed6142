/**
 * Who the spans are from.
 */
import type { Resource } from "@opentelemetry/resources"
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources"
import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION
} from "@opentelemetry/semantic-conventions"
import { randomUUID } from "node:crypto"
import type { ObservabilityConfig } from "../ObservabilityConfig.ts"
import type { SpanScrubber } from "./ScrubbedSpan.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"

/**
 * The resource of a service: `OTEL_RESOURCE_ATTRIBUTES`, scrubbed, under the service's name, version, environment, and
 * an instance id that is new for each layer unless the attributes name one.
 */
export const make = (service: ObservabilityConfig["service"], scrubber: SpanScrubber): Resource =>
  defaultResource().merge(resourceFromAttributes({
    [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
    ...ScrubbedSpan.attributes(service.resourceAttributes, scrubber),
    [ATTR_SERVICE_NAME]: service.name,
    [ATTR_SERVICE_VERSION]: service.version,
    [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: service.environment
  }))
