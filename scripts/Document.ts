// Blocks of a document that a command writes: between `<!-- NAME: … -->` and `<!-- /NAME -->`.

/** The document with another content in the block; fails where there is no such block, or more than one. */
export const replaced = (document: string, name: string, content: string): string => {
  const [, begin, end, ...others] =
    new RegExp(`^([^]*<!-- ${name}: [^\\n]* -->\\n)[^]*?(\\n<!-- /${name} -->[^]*)$`).exec(document) ?? []
  if (
    begin === undefined || end === undefined || others.length > 0 || document.split(`<!-- /${name} -->`).length !== 2
  ) {
    throw new Error(`the document has no block ${name}, or more than one`)
  }
  return `${begin}\n${content.trim()}\n${end}`
}
