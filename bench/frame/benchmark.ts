/** Things that are measured side by side. */
export interface BenchTable {
  title: string
  /** What a row is called there: `rows`, `events`. */
  unit: string
  /** A table is printed for each of them; `--rows` goes before. */
  sizes: readonly Size[]
  lines: readonly Benchmark[]
  columns: readonly Column[]
  /** What follows from all lines together. */
  footer?(measured: readonly Measured[]): string
}

export interface Size {
  rows: number
  /** Three, unless it or the command line says otherwise. */
  rounds?: number
  /** The lines that are measured at this size: usually, and with `--large`. All of them where it is left out. */
  names?: { usually: readonly string[]; large: readonly string[] }
}

export interface Benchmark {
  /** What people type; several lines may share it. */
  name: string
  /** What is measured, for the table. */
  what: string
  /** What the benchmark needs, each made by a process of its own. */
  fixtures?: readonly Fixture[]
  /** Options of Node for the process that measures. */
  nodeOptions?: readonly string[]
  /** Imports the code under test. Only the process that measures it does, so that its memory is that of this code alone. */
  load(): Promise<Prepare>
}

/** A script that makes something and keeps it until the end (see `provide`). One process serves all that call it with the same arguments. */
export interface Fixture {
  script: string
  args(rows: number): readonly string[]
}

/** Opens what is measured; nothing of that counts. `fixtures` are what the scripts provide. */
export type Prepare = (rows: number, fixtures: readonly unknown[]) => Promise<Prepared>

export interface Prepared {
  /** What is measured: works on all rows, and calls `onFirst` when the first of them are there. Answers how many there were. */
  work(onFirst: () => void): Promise<number>
  /** What else is known of it afterwards, for columns of its own; throws where the work was not what it should have been. */
  figures?(): Promise<Record<string, number>>
  close(): Promise<void>
}

/** One measurement. */
export interface Sample {
  rows: number
  seconds: number
  /** From the begin to the first rows. */
  firstSeconds: number
  /** User and system, all threads. */
  cpuSeconds: number
  /** Highest resident memory of the process in its whole life. */
  peakBytes: number
  /** See `Prepared.figures`. */
  figures: Record<string, number>
}

export interface Measured {
  line: Benchmark
  /** One a round. */
  samples: Sample[]
}

/** Its head may name one of the lines, so it is made from all of them. */
export type Column = (measured: readonly Measured[]) => { head: string; cells: string[]; words?: boolean }
