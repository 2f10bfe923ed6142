// Blocks of a document that a command writes: between `<!-- NAME: … -->` and `<!-- /NAME -->`.

/** The document with another content in the block; fails where there is no such block, or more than one. */
export const replaced = (document: string, name: string, content: string): string => {
  const pattern = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*?(<!-- /${name} -->)`, "g")
  if (document.match(pattern)?.length !== 1) throw new Error(`the document has no block ${name}, or more than one`)
  return document.replace(pattern, (_, begin: string, end: string) => `${begin}\n${content.trim()}\n\n${end}`)
}
