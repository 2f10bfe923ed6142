/**
 * Counts the connections of a pool that are in use: statements outside of transactions, outermost transactions and
 * reserved connections. Those that wait for a connection are counted beyond the pool's size, which caps what is shown.
 */
export class Connections {
  #holders = 0
  readonly #max: number
  readonly #show: (active: number) => void

  constructor(max: number, show: (active: number) => void) {
    this.#max = max
    this.#show = show
    show(0)
  }

  /** Takes a connection; the returned function gives it back, once. */
  take(): () => void {
    this.#change(1)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#change(-1)
    }
  }

  #change(by: number): void {
    this.#holders += by
    this.#show(Math.min(this.#max, this.#holders))
  }
}
