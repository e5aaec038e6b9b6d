import { enableCompileCache } from 'node:module'
import type { CommandContext, CommandFlags, CommandName, GlobalFlags, RunCommand } from './cli/command.ts'
import { createProgram } from './cli/program.ts'
import { formatReport, reportJson, reportOf } from './cli/report-error.ts'
import { ExitCode } from './domain/exit-code.ts'

const argv = process.argv.slice(2)
/** The command that was recognised, for hints. */
let commandName: string | null = null

function createContext(flags: GlobalFlags): CommandContext {
  const { stdout, stderr } = process
  return {
    flags,
    stdout,
    stderr,
    async loadConfig() {
      const { loadConfig } = await import('./config.ts')
      return loadConfig({ path: flags.config })
    },
    async createLog(config) {
      const [{ createLog }, { systemClock }] = await Promise.all([
        import('./log.ts'),
        import('./domain/clock.ts'),
      ])
      const level = config?.logLevel ?? (flags.quiet ? 'warn' : 'info')
      return createLog({ level, clock: systemClock, stream: stderr, pretty: stderr.isTTY })
    },
  }
}

/** Only the one command that is wanted is loaded: `--help` and `--version` stay fast. */
const commands: { [Name in CommandName]: () => Promise<{ runCommand: RunCommand<Name> }> } = {
  init: () => import('./cli/init.ts'),
  doctor: () => import('./cli/doctor.ts'),
  plan: () => import('./cli/plan.ts'),
  run: () => import('./cli/run.ts'),
  'job-manifest': () => import('./cli/job-manifest.ts'),
  status: () => import('./cli/status.ts'),
  explain: () => import('./cli/explain.ts'),
  report: () => import('./cli/report.ts'),
  resolve: () => import('./cli/resolve.ts'),
  reconcile: () => import('./cli/reconcile.ts'),
  simulate: () => import('./cli/simulate.ts'),
  demo: () => import('./cli/demo.ts'),
  completion: () => import('./cli/completion.ts'),
}

async function runCommand<Name extends CommandName>(
  name: Name,
  flags: CommandFlags[Name],
  globalFlags: GlobalFlags,
): Promise<ExitCode> {
  // Most commands are over in half a second, and much of that would go into compiling what they load. `bin/` has done it already.
  enableCompileCache()
  const command = await commands[name]()
  return command.runCommand(flags, createContext(globalFlags))
}

async function run(): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok
  const program = createProgram(async (name, flags, globalFlags) => {
    exitCode = await runCommand(name, flags, globalFlags)
  })
  program.hook('preSubcommand', (_program, command) => {
    commandName = command.name()
  })
  await program.parseAsync(argv, { from: 'user' })
  return exitCode
}

function report(error: unknown): ExitCode {
  const found = reportOf(error, commandName)
  if (found === null) return ExitCode.ok
  process.stderr.write(formatReport(found, process.stderr))
  if (argv.includes('--json')) process.stdout.write(reportJson(found))
  return found.exitCode
}

/** Leaves when what was written has gone out. What a command forgot to close does not keep the process. */
function exit(code: ExitCode): void {
  process.stdout.write('', () => process.exit(code))
}

// `adjust-s2s status | head -1`: nobody reads on, and that is no error. What is being sent still has to be finished.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
process.on('uncaughtException', (error) => process.exit(report(error)))

await run().then(exit, (error) => exit(report(error)))
