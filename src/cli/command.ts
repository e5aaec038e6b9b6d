import type { Config } from '../config.ts'
import type { ExitCode } from '../domain/exit-code.ts'
import type { Log } from '../log.ts'
import type { CompletionModel, Shell } from './completion-model.ts'
import type { JobManifestFlags } from './job-manifest-flags.ts'
import type { ReconcileFlags } from './reconcile-flags.ts'
import type { ResolveFlags } from './resolve-flags.ts'
import type { RunFlags } from './run-flags.ts'

/** Flags that every command takes, before or after its name. */
export interface GlobalFlags {
  /** `--config FILE`; undefined means `adjust-s2s.yaml` in the working directory. */
  config: string | undefined
  /** Standard output carries one JSON object and nothing else. */
  json: boolean
  /** No progress, no hints: only warnings, errors and the result. */
  quiet: boolean
  /** False with `--no-input`: never ask, fail instead. */
  input: boolean
}

export interface InitFlags {
  /** Print a complete `adjust-s2s.yaml` and create nothing. */
  example: boolean
  /** Print the DDL of the tables and create nothing. */
  print: boolean
}

export interface SimulateFlags {
  /** 0 takes any free port. */
  port: number
  /** null draws one. */
  seed: number | null
  faults: string | null
}

export interface DoctorFlags {
  /** Have Adjust try the authentication token with one event in its sandbox. */
  sendTestEvent: boolean
}

export interface ReportFlags {
  /** A run id or an abbreviation of one; null for the newest run that ended. */
  run: string | null
  /** Where the page goes; null for the default, `-` for standard output. */
  output: string | null
}

/** What each command is given, by its name. */
export interface CommandFlags {
  init: InitFlags
  plan: RunFlags
  run: RunFlags
  'job-manifest': JobManifestFlags
  status: Record<never, never>
  explain: { transactionId: string }
  report: ReportFlags
  resolve: ResolveFlags
  reconcile: ReconcileFlags
  doctor: DoctorFlags
  simulate: SimulateFlags
  demo: Record<never, never>
  completion: { shell: Shell; model: CompletionModel }
}
export type CommandName = keyof CommandFlags

/** What a command works with. */
export interface CommandContext {
  flags: GlobalFlags
  /** Data and results. */
  stdout: NodeJS.WriteStream
  /** Progress, logs, hints and errors. */
  stderr: NodeJS.WriteStream
  /** Reads file and environment; throws a TerminalError that lists what is wrong. */
  loadConfig(): Promise<Config>
  /** A log on standard error: pretty at a terminal, JSON otherwise. `--quiet` and ADJUST_S2S_LOG_LEVEL set its level. */
  createLog(config: Config | null): Promise<Log>
}

/** `src/cli/<name>.ts` exports `runCommand` of this type. It answers with the exit code and throws `ExpectedError`s. */
export type RunCommand<Name extends CommandName> = (
  flags: CommandFlags[Name],
  context: CommandContext,
) => Promise<ExitCode>
