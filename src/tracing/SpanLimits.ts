/**
 * What one span holds: the defaults of OpenTelemetry's specification. Lengths are bounded by the scrubber, which must see
 * whole values.
 */
export const spanLimits = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Infinity,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128
}
