/** Monitoring that can't be generated: a defect of its source, raised while it is made. */
export class MixinError extends Error {
  override readonly name = "MixinError"
}

/** Raises `MixinError`: where, and what is wrong with it. */
export const refuse = (where: string, problem: string): never => {
  throw new MixinError(`${where}: ${problem}`)
}
