/** Things that are measured side by side: every line is compared to the first that runs. */
export interface BenchTable {
  title: string
  /** Of what a line works on, unless the command line says otherwise. */
  rows: number
  lines: readonly Benchmark[]
}

export interface Benchmark {
  /** What people type; several lines may share it. */
  name: string
  /** What is measured, for the table. */
  what: string
  /** A script that makes what the benchmark needs and keeps it until the end (see `provide`); it is called with the number of rows. */
  fixture?: string
  /** Imports the code under test. Only the process that measures it does, so that its memory is that of this code alone. */
  load(): Promise<Prepare>
}

/** Opens what is measured; nothing of that counts. `fixture` is what its script provides. */
export type Prepare = (rows: number, fixture: unknown) => Promise<Prepared>

export interface Prepared {
  /** What is measured: works on all rows, and calls `onFirst` when the first of them are there. Answers how many there were. */
  work(onFirst: () => void): Promise<number>
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
}
