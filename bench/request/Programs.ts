// The reference program in each mode, a process each, with the database that they share and the collectors that they
// don't.
import { setTimeout as sleep } from "node:timers/promises"
import * as Program from "../../scripts/program/Program.ts"

export const modes = ["off", "off, again", "ours", "by hand"] as const

/** How the program is observed; `off` twice, to see how much the same differs. */
export type Mode = (typeof modes)[number]

/** What a collector has received. */
export interface Counts {
  readonly spans: number
  readonly events: number
  /** Of the spans alone, as sent. */
  readonly bytes: number
}

/** The same for all: spans leave every second, as `npm start` has it, and the queue is longer than any load fills it. */
const queue = {
  OTEL_BSP_SCHEDULE_DELAY: "1000",
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "512",
  OTEL_BSP_MAX_QUEUE_SIZE: "65536"
}

/** Jobs and traffic of the program's own would come at other times in each. */
const quiet = { TRAFFIC_RATE: "0", PACK_BUILD_INTERVAL: "6h", ALERT_INTERVAL: "6h" }

/** After a load, until what has ended is exported. */
export const settleMillis = 1_300

const patience = 60_000

export interface Running {
  readonly mode: Mode
  readonly program: Program.Started
  readonly port: number
  /** Where its metrics are, if it has any. */
  readonly metricsUrl: string | undefined
  readonly counts: () => Promise<Counts>
  readonly vitals: (collect: boolean) => ReturnType<Program.Started["vitals"]>
  /** Takes a CPU profile while something runs, into a file. */
  readonly profiled: (file: string, run: () => Promise<unknown>) => Promise<void>
  /** Ends it, and says what was lost on the way. */
  readonly stop: () => Promise<string | undefined>
}

export interface All {
  readonly programs: ReadonlyArray<Running>
  /** Ends all that still runs. */
  readonly close: () => Promise<void>
}

const counted = async (port: string): Promise<Counts> => {
  const answer = await fetch(`http://127.0.0.1:${port}/counts`)
  return await answer.json() as Counts
}

/** Waits for the first pricing pack: until then everything is refused. */
const fresh = async (port: string): Promise<void> => {
  const end = performance.now() + patience
  while ((await fetch(`http://127.0.0.1:${port}/health/pack`)).status !== 200) {
    if (performance.now() > end) throw new Error("the program has no fresh pricing pack")
    await sleep(50)
  }
}

const lost = async (program: Program.Started, collector: string): Promise<string | undefined> => {
  const { code } = await program.end(20_000)
  const said = /^ended (\d+)$/m.exec(program.output())?.[1]
  if (said === undefined) return `the program ended with ${code} and did not say what became of its spans`
  const { spans } = await counted(collector)
  return spans === Number(said) ? undefined : `${spans} of ${said} spans arrived`
}

/** Starts everything; what was started ends with `close`, or with this process's own end. */
export const start = async (): Promise<All> => {
  const children: Array<Program.Started> = []
  const started = (path: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
    const child = Program.start(path, args, env)
    children.push(child)
    return child
  }
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end(5_000)))
  }

  const launch = async (mode: Mode, database: string): Promise<Running> => {
    const collecting = started("bench/subjects/requestCollector.ts", [], {})
    const collector = await collecting.line("port ", patience)
    const program = started("bench/subjects/request.ts", [mode === "by hand" ? "by-hand" : "ours"], {
      ...queue,
      ...quiet,
      PORT: "0",
      METRICS_PORT: "0",
      DATABASE_URL: `postgres://postgres@127.0.0.1:${database}/postgres`,
      ENABLE_OBSERVABILITY: String(mode === "ours"),
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector}/v1/traces`,
      SENTRY_DSN: `http://key@127.0.0.1:${collector}/1`,
      // One destination for spans, as the stack wired by hand has.
      SENTRY_TRACES_SAMPLE_RATE: "0"
    })
    const port = await program.line("port ", patience)
    const metricsUrl = await program.line("metrics ", patience)
    await fresh(port)
    return {
      mode,
      program,
      port: Number(port),
      metricsUrl: metricsUrl === "nowhere" ? undefined : metricsUrl,
      counts: () => counted(collector),
      vitals: (collect) => program.vitals(patience, collect),
      profiled: async (file, run) => {
        program.tell({ profile: true })
        await run()
        program.tell({ profile: file })
        await program.line(`profiled ${file}`, patience)
      },
      stop: () => lost(program, collector)
    }
  }

  try {
    const database = started("bench/subjects/requestDatabase.ts", [], {})
    const port = await database.line("port ", patience)
    const programs: Array<Running> = []
    // One after the other: each would migrate the database that they share.
    for (const mode of modes) programs.push(await launch(mode, port))
    database.tell({ remember: true })
    await database.line("remembers", patience)
    return { programs, close }
  } catch (error) {
    await close()
    throw error
  }
}
