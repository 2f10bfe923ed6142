/** Where panels stand: from left to right in lines of 24 columns, none over another. */

/** A place on Grafana's grid. */
export interface Place {
  readonly h: number
  readonly w: number
  readonly x: number
  readonly y: number
}

/** The columns of a dashboard. */
export const columns = 24

/** The height of a section's heading. */
export const headingHeight = 1

/** Places for sizes in their order, from line `top` on; and the line after the last. */
export const place = (
  sizes: ReadonlyArray<{ readonly width: number; readonly height: number }>,
  top: number
): { readonly places: ReadonlyArray<Place>; readonly bottom: number } => {
  let x = 0
  let y = top
  let lineHeight = 0
  const places = sizes.map(({ height, width }) => {
    if (x + width > columns) {
      x = 0
      y += lineHeight
      lineHeight = 0
    }
    const here = { h: height, w: width, x, y }
    x += width
    lineHeight = Math.max(lineHeight, height)
    return here
  })
  return { places, bottom: y + lineHeight }
}
