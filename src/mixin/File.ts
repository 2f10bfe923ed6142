/** A generated file: its path below `observability/` and its whole text. */
export interface File {
  readonly path: string
  readonly content: string
}
