// The package is published from `dist`, whose manifest lacks the `source` condition; the root's manifest has it.
console.error("Publish the built package: npm run build && npm publish ./dist")
process.exit(1)
