// What all charts share: a frame that follows the reader's light or dark theme, and texts that can't break it.

const style = `
  :root { --paper: #ffffff; --ink: #1f2933; --faint: #5b6773; --grid: #dfe4ea; --a: #1d5fd0; --b: #b4480e; --c: #147a4b;
    --fault: #b4480e; --shade: #b4480e12 }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9aa7b4; --grid: #2b333d; --a: #6ea8fe; --b: #ff9d5c; --c: #5fd39a;
      --fault: #ff9d5c; --shade: #ff9d5c1c }
  }
  .paper { fill: var(--paper) } text { font: 12px system-ui, sans-serif; fill: var(--faint) }
  .title { fill: var(--ink); font-weight: 600 } .grid { stroke: var(--grid); stroke-width: 1 }
  .line { fill: none; stroke-width: 1.4; stroke-linejoin: round }
  .a { stroke: var(--a) } .b { stroke: var(--b) } .c { stroke: var(--c) }
  text.a { fill: var(--a); stroke: none } text.b { fill: var(--b); stroke: none } text.c { fill: var(--c); stroke: none }
  circle.a { fill: var(--a) } circle.b { fill: var(--b) } circle.c { fill: var(--c) }
  .fault { fill: var(--fault) } .shade { fill: var(--shade) }`

/** The width of every chart, in pixels. */
export const width = 960

/** The classes of lines, in the order in which they are used. */
export const classes = ["a", "b", "c"]

export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

/** A coordinate, as short as it may be. */
export const round = (value: number): number => Math.round(value * 10) / 10

/** A chart as a file: what is drawn, in a frame. */
export const file = (title: string, height: number, drawn: ReadonlyArray<string>): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    "role=\"img\">",
    `<title>${escape(title)}</title>`,
    `<style>${style}\n</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...drawn,
    "</svg>",
    ""
  ].join("\n")
