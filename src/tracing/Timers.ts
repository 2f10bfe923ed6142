/** The clock work of the span pipeline, which is that of every pipeline. */
export * from "../delivery/Timers.ts"
