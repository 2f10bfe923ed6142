/** Numbers as Prometheus writes them. */

/**
 * A float the way Go's shortest form writes it, always recognisable as a float (`2.0`, `1e+06`): Prometheus keeps `le`
 * and `quantile` as text, so the same bound must always be the same text (OpenMetrics 1.0, "Canonical numbers").
 */
export const float = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (value === Infinity) return "+Inf"
  if (value === -Infinity) return "-Inf"
  const [mantissa = "0", exponent = "+0"] = value.toExponential().split("e")
  const power = Number(exponent)
  // Where Go changes to the exponent form when it writes the shortest text.
  if (power < -4 || power >= 6) {
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
  }
  const plain = String(value)
  return plain.includes(".") ? plain : `${plain}.0`
}

/** The upper bound of a bucket as the label `le`; `undefined` is the last bucket. */
export const bound = (value: number | undefined): string => value === undefined ? "+Inf" : float(value)
