/** Time series as promtool's unit tests write them: one value a minute. */

/** A stretch of minutes with what happens in it: growth a second for a counter, the value for a gauge. */
export type Phase = readonly [minutes: number, value: number]

const number = (value: number): string => String(Number(value.toPrecision(12)))

/** A counter that grows by so much a second in each phase. */
export const counter = (...phases: ReadonlyArray<Phase>): string => {
  const values = [0]
  for (const [minutes, perSecond] of phases) {
    for (let minute = 0; minute < minutes; minute++) values.push((values.at(-1) ?? 0) + perSecond * 60)
  }
  return values.map(number).join(" ")
}

/** A counter that starts again from 0 after so many minutes (as when the process restarts), each time. */
export const restarting = (every: number, minutes: number, perSecond: number): string =>
  Array.from({ length: minutes + 1 }, (_, minute) => number((minute % every) * perSecond * 60)).join(" ")

/** A gauge that has a value for each phase. */
export const gauge = (...phases: ReadonlyArray<Phase>): string =>
  phases.map(([minutes, value], index) => `${number(value)}x${index === 0 ? minutes : minutes - 1}`).join(" ")

/** A gauge that counts the seconds, from a value on. */
export const age = (from: number, minutes: number): string => `${from}+60x${minutes}`

/** Nothing for some minutes, then a series. */
export const later = (minutes: number, series: string): string => `_x${minutes} ${series}`

/** A series by its name and labels. */
export const series = (name: string, labels: Readonly<Record<string, string>> = {}): string => {
  const all = { job: "dawsos", instance: "a:8001", ...labels }
  return `${name}{${Object.entries(all).map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",")}}`
}

/** The cumulative buckets of a histogram from how many observations a second fall up to each bound and not below it. */
export const histogram = (
  name: string,
  bounds: ReadonlyArray<number>,
  labels: Readonly<Record<string, string>>,
  phases: ReadonlyArray<readonly [minutes: number, perSecond: Readonly<Record<number, number>>]>
): Readonly<Record<string, string>> => {
  const upTo = (limit: number): ReadonlyArray<Phase> =>
    phases.map(([minutes, perSecond]) => [
      minutes,
      Object.entries(perSecond).reduce((sum, [bound, rate]) => Number(bound) <= limit ? sum + rate : sum, 0)
    ])
  const float = (bound: number): string =>
    bound === Infinity ? "+Inf" : Number.isInteger(bound) ? `${bound}.0` : String(bound)
  return {
    ...Object.fromEntries([...bounds, Infinity].map((bound) => [
      series(`${name}_bucket`, { ...labels, le: float(bound) }),
      counter(...upTo(bound))
    ])),
    [series(`${name}_count`, labels)]: counter(...upTo(Infinity))
  }
}
