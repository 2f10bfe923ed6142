/** What a lint has to say. */

/** A place and what is wrong there. */
export interface Problem {
  /** The panel, target, variable, group or alert, as a person would look for it. */
  readonly where: string
  readonly problem: string
}

/** A problem with the name of the lint that found it. */
export interface Finding extends Problem {
  readonly rule: string
}
