// Candidates that need a process of their own, since what one has loaded or kept would be there for the others: each
// round starts one of each, one after the other, in another order.
import * as Process from "../../scripts/Process.ts"
import { seeded, shuffled } from "../../scripts/Random.ts"
import { maxRounds, type Measured } from "./Interleaved.ts"

/** What a process tells of itself: numbers by name, and why they don't count. */
export interface Told {
  readonly numbers: Readonly<Record<string, number>>
  readonly void?: string | undefined
}

/** A program that tells. */
export interface Subject {
  readonly name: string
  /** What Node is to run, its flags first. */
  readonly program: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  /** Looks at what its process did elsewhere, once it has ended. */
  readonly check?: (() => Promise<string | undefined>) | undefined
}

/** What the processes of one subject told. */
export interface Outcome {
  readonly name: string
  readonly told: ReadonlyArray<Told>
}

const mark = "told "
const deadlineMs = 15 * 60_000

/** For the program: tells it, and ends the process. */
export const tell = (told: Told): void => {
  process.stdout.write(`${mark}${JSON.stringify(told)}\n`, () => process.exit(0))
}

const once = async ({ check, cwd, env, name, program }: Subject): Promise<Told> => {
  const { code, output } = await Process.run(process.execPath, program, {
    deadlineMs,
    ...env === undefined ? {} : { env },
    ...cwd === undefined ? {} : { cwd }
  })
  const line = output.split("\n").find((line) => line.startsWith(mark))
  if (code !== 0 || line === undefined) throw new Error(`${name} ended with exit code ${code}:\n${output}`)
  const told = JSON.parse(line.slice(mark.length)) as Told
  return { ...told, void: told.void ?? await check?.() }
}

/** Runs each subject so many times; a first time, which reads files from the disk, does not count. */
export const run = async (
  subjects: ReadonlyArray<Subject>,
  { order = 1, rounds, warmUp }: { readonly rounds: number; readonly warmUp: boolean; readonly order?: number }
): Promise<ReadonlyArray<Outcome>> => {
  const random = seeded(order)
  const outcomes = subjects.map((subject) => ({ subject, name: subject.name, told: [] as Array<Told> }))
  for (let round = warmUp ? -1 : 0; round < Math.min(rounds, maxRounds); round++) {
    for (const { subject, told } of shuffled(outcomes, random)) {
      const one = await once(subject)
      if (round >= 0) told.push(one)
    }
  }
  return outcomes.map(({ name, told }) => ({ name, told }))
}

/** One of the numbers, a value a round, as what is measured in one process is given. */
export const measured = ({ name, told }: Outcome, number: string): Measured => ({
  name,
  samples: told.map(({ numbers }) => numbers[number] ?? Number.NaN),
  count: 1,
  void: told.find((one) => one.void !== undefined)?.void
})
