// What vitest's JSON report says of each test file.

interface VitestReport {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

export interface FileResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** The file could not be loaded, or failed outside its tests. */
  readonly broken: boolean
}

/** The results by the end of the file's path. */
export const parse = (text: string): ReadonlyMap<string, FileResult> => {
  const report = JSON.parse(text) as VitestReport
  return new Map(report.testResults.map(({ assertionResults, name, status }) => {
    const count = (wanted: string) => assertionResults.filter((result) => result.status === wanted).length
    const passed = count("passed")
    const failed = count("failed")
    const skipped = assertionResults.length - passed - failed
    return [name, { passed, failed, skipped, broken: status === "failed" && failed === 0 }]
  }))
}

/** The result of one test file. */
export const ofFile = (results: ReadonlyMap<string, FileResult>, file: string): FileResult | undefined => {
  for (const [name, result] of results) {
    if (name.split("\\").join("/").endsWith(`/${file}`)) return result
  }
  return undefined
}
