// The dead man's switch: the alert that always fires arrives every minute, unless Prometheus or Alertmanager is gone.

/** Four heartbeats may be lost before it is said. */
export const patienceMs = 5 * 60_000

/** Follows a heartbeat; times are milliseconds. `beat` and `look` answer with what is to be said, if anything is. */
export class Heartbeat {
  #last: number
  #state: "awaited" | "heard" | "missed" = "awaited"

  constructor(start: number) {
    this.#last = start
  }

  beat(now: number): string | undefined {
    const before = this.#state
    this.#last = now
    this.#state = "heard"
    return before === "heard"
      ? undefined
      : `HEARTBEAT ${before === "awaited" ? "arrives" : "is back"}: Prometheus and Alertmanager work`
  }

  look(now: number): string | undefined {
    if (this.#state === "missed" || now - this.#last < patienceMs) return undefined
    this.#state = "missed"
    return `HEARTBEAT MISSED: none since ${new Date(this.#last).toISOString()}. ` +
      "Prometheus or Alertmanager is gone, and no alert can arrive."
  }
}
