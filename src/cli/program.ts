import { styleText } from 'node:util'
import { Command, CommanderError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { addCompletion } from './program/completion.ts'
import type { Execute } from './program/execute.ts'
import { addHelp } from './program/help.ts'
import { addDetails, type HelpDetails, helpColumns } from './program/help-text.ts'
import { addJobManifest } from './program/job-manifest.ts'
import { addExplain, addStatus } from './program/questions.ts'
import { addReconcile } from './program/reconcile.ts'
import { addReport } from './program/report.ts'
import { addResolve } from './program/resolve.ts'
import { addPlan, addRun } from './program/run.ts'
import { addDemo, addDoctor, addInit, addSimulate } from './program/setup.ts'
import { suggestionFor } from './program/suggestion.ts'

export type { Execute } from './program/execute.ts'

const DETAILS: HelpDetails = {
  examples: [
    ['init --example > adjust-s2s.yaml', 'a complete configuration to start from'],
    ['init', 'create the tables and the state directory'],
    ['doctor', 'is everything there that a run needs?'],
    ['plan', 'what a run would send; writes and sends nothing'],
    ['run', 'send everything that is due'],
    ['status', 'the last runs, and what waits'],
    ['explain ORDER-1042', 'why was my event not counted?'],
    ['help run', 'all flags of a command, with examples'],
  ],
  exitCodes: [
    [0, 'all settled'],
    [1, 'a bug'],
    [2, 'usage or configuration'],
    [3, 'more rejected or in doubt than --max-rejected allows'],
    [4, 'Adjust refused the credentials or an app'],
    [75, 'try again later: nothing is wrong that time does not mend'],
  ],
}

function printVersion(): never {
  process.stdout.write(`${packageJson.version}\n`)
  throw new CommanderError(0, 'commander.version', packageJson.version)
}

/** What every command takes, and how help is laid out; subcommands inherit the latter when they are made. */
function createRoot(): Command {
  return (
    new Command('adjust-s2s')
      .usage('<command> [options]')
      .description(packageJson.description)
      .version(packageJson.version, '-V, --version', 'print the version')
      // What node and npm call it. Nothing here is verbose.
      .addOption(new Option('-v').hideHelp())
      .on('option:v', printVersion)
      .helpOption('-h, --help', 'print this help')
      .option('--config <file>', 'configuration file (default: adjust-s2s.yaml)')
      .option('--json', 'print one JSON object on standard output')
      .option('--quiet', 'only results, warnings and errors')
      .option('--no-input', 'never ask anything')
      .configureOutput({
        // Errors are thrown, and printed in one place: see `report-error.ts`.
        outputError: () => {},
        getOutHelpWidth: () => helpColumns(process.stdout),
        getErrHelpWidth: () => helpColumns(process.stderr),
      })
      .configureHelp({
        showGlobalOptions: true,
        styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      })
  )
}

/** Errors are thrown, and those of commander that do not say what was meant get a line more, as it adds them itself. */
function suggestOnErrors(program: Command): void {
  let current = program
  program.hook('preSubcommand', (_program, command) => {
    current = command
  })
  program.exitOverride((error) => {
    const suggestion = error.message.includes('\n') ? null : suggestionFor(error, program, current)
    if (suggestion !== null) error.message += `\n(${suggestion})`
    throw error
  })
}

/** The command line. Parsing throws CommanderErrors (also for `--help` and `--version`, which are printed by then). */
export function createProgram(execute: Execute): Command {
  const program = createRoot()
  suggestOnErrors(program)
  program.commandsGroup('Set up:')
  addInit(program, execute)
  addDoctor(program, execute)
  program.commandsGroup('Deliver:')
  addPlan(program, execute)
  addRun(program, execute)
  addJobManifest(program, execute)
  program.commandsGroup('Look:')
  addStatus(program, execute)
  addExplain(program, execute)
  addReport(program, execute)
  program.commandsGroup('Settle what is in doubt:')
  addResolve(program, execute)
  addReconcile(program, execute)
  program.commandsGroup('Try it out:')
  addSimulate(program, execute)
  addDemo(program, execute)
  program.commandsGroup('Help:')
  addCompletion(program, execute)
  addHelp(program)
  addDetails(program, DETAILS)
  return program
}
