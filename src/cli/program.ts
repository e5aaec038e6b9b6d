import { styleText } from 'node:util'
import { Command, InvalidArgumentError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type {
  CommandFlags,
  CommandName,
  DoctorFlags,
  GlobalFlags,
  InitFlags,
  SimulateFlags,
} from './command.ts'
import type { ReconcileFlagTexts } from './reconcile-flags.ts'
import type { ResolveFlagTexts } from './resolve-flags.ts'
import type { RunFlagTexts } from './run-flags.ts'

/** Runs one command; the program only finds out which, and with what flags. */
export type Execute = <Name extends CommandName>(
  name: Name,
  flags: CommandFlags[Name],
  globalFlags: GlobalFlags,
) => Promise<void>

const EXAMPLES = `
Examples:
  adjust-s2s init --example > adjust-s2s.yaml    a complete configuration to start from
  adjust-s2s init                                create the tables and the state directory
  adjust-s2s doctor                              is everything there that a run needs?
  adjust-s2s plan                                what a run would send; writes and sends nothing
  adjust-s2s run                                 send everything that is due
  adjust-s2s run --from 2026-02-01 --to 2026-03-01 --resend failed
  adjust-s2s explain ORDER-1042                  why was my event not counted?
  adjust-s2s resolve ORDER-1042 --as delivered --reason "it is in the raw data export"

Exit codes:
  0  all settled                  3  more rejected or in doubt than --max-rejected allows
  1  a bug                        4  Adjust refused the credentials or an app
  2  usage or configuration      75  try again later: nothing is wrong that time does not mend`

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`Allowed is a whole number from ${least} to ${most}.`)
  }
}

function globalFlags(program: Command): GlobalFlags {
  const { config, json = false, quiet = false, input } = program.opts<Partial<GlobalFlags>>()
  return { config, json, quiet, input: input ?? true }
}

/** The flags that choose what is sent: the same for `run` and for `plan`. */
function addWindowFlags(command: Command): Command {
  return command
    .option('--from <instant>', 'first instant that counts, UTC: 2026-02-28 or 2026-02-28T13:30:00Z')
    .option('--to <instant>', 'first instant that no longer counts')
    .option('--app <token>', 'only this app')
    .option('--event <token>', 'only this event token')
    .option('--limit <n>', 'at most so many events')
    .option(
      '--resend <mode>',
      'what is sent though it is settled: none, failed (rejected ones) or all',
      'none',
    )
    .option('--confirm <window>', 'for --resend all: "<from>/<to>", just as typed there')
    .option('--shard <i/n>', 'only part i (from 0) of n; each device is in one part')
}

function addRun(program: Command, execute: Execute): void {
  const run = program.command('run').summary('send what is due, in order, and audit it')
  run.description(
    'Reads the transactions that are not settled yet, sends them to Adjust in order, and writes what became of every one ' +
      'into the audit table. Without flags: everything from the age limit up to now, minus the settle time.',
  )
  addWindowFlags(run)
    .option('--max-rejected <n|p%>', 'exit with 3 when more events than this are rejected or in doubt')
    .option('--dry-run', 'the same as plan: send and write nothing')
  run.action(async (texts: RunFlagTexts) => {
    const { parseRunFlags } = await import('./run-flags.ts')
    const flags = parseRunFlags(texts)
    await execute(flags.dryRun ? 'plan' : 'run', flags, globalFlags(program))
  })
}

function addPlan(program: Command, execute: Execute): void {
  const plan = program.command('plan').summary('show what a run would do; send and write nothing')
  plan.description(
    'Shows how many events a run would send, which it would not and why, and the first requests, ids masked.',
  )
  addWindowFlags(plan).action(async (texts: RunFlagTexts) => {
    const { parseRunFlags } = await import('./run-flags.ts')
    await execute('plan', parseRunFlags({ ...texts, dryRun: true }), globalFlags(program))
  })
}

function addInit(program: Command, execute: Execute): void {
  program
    .command('init')
    .summary('create the tables and the state directory')
    .description(
      'Creates what is missing: the state directory, and the audit tables in the warehouse. Safe to repeat.',
    )
    .option('--example', 'only print a complete adjust-s2s.yaml, every setting explained')
    .option('--print', 'only print the DDL of the tables, for those who create tables by other means')
    .action(async ({ example = false, print = false }: Partial<InitFlags>) => {
      await execute('init', { example, print }, globalFlags(program))
    })
}

const DOCTOR_EXAMPLES = `
Examples:
  adjust-s2s doctor                      after the first deployment, and when something is odd
  adjust-s2s doctor --send-test-event    is the authentication token taken, too?
  adjust-s2s doctor --quiet              only what has to be mended

Exit codes:
  0  nothing failed              4  Adjust refused the token or the app
  2  something has to be mended  75  only what passes by itself: a lock, or a server that is away`

function addDoctor(program: Command, execute: Execute): void {
  program
    .command('doctor')
    .summary('check a deployment: what is wrong, and what mends it')
    .description(
      'Tries what a run needs, one after the other: the configuration, the state directory, Adjust, the clock, each permission in the ' +
        'warehouse, the source with a sample row, and the token. Nothing is sent and nothing is changed.',
    )
    .option(
      '--send-test-event',
      "send one event of a made-up device to Adjust's sandbox, with the sample row's tokens",
    )
    .addHelpText('after', DOCTOR_EXAMPLES)
    .action(async ({ sendTestEvent = false }: Partial<DoctorFlags>) => {
      await execute('doctor', { sendTestEvent }, globalFlags(program))
    })
}

function addSimulate(program: Command, execute: Execute): void {
  program
    .command('simulate')
    .summary('play Adjust on this machine, faults included')
    .description(
      "Serves Adjust's endpoints on loopback, with Adjust's rules and answers, until it is stopped. " +
        'What arrived, and when, stands at /__truth. Point adjust.url at the address that it prints.',
    )
    .option('--port <n>', 'port on loopback; 0 takes a free one', wholeNumber(0, 65_535), 8090)
    .option('--seed <n>', 'the same seed and requests give the same faults', wholeNumber(0, 4_294_967_295))
    .option('--faults <file>', 'a scenario: what the simulated Adjust knows, and what goes wrong')
    .action(async (flags: Partial<SimulateFlags> & { port: number }) => {
      await execute('simulate', { seed: null, faults: null, ...flags }, globalFlags(program))
    })
}

function addQuestions(program: Command, execute: Execute): void {
  program
    .command('status')
    .summary('show the last runs, and what waits or is in doubt')
    .description(
      'Shows the last runs, the oldest waiting row and when it expires, and what is deferred or in doubt.',
    )
    .action(() => execute('status', {}, globalFlags(program)))
  program
    .command('explain')
    .summary('tell the whole story of one transaction')
    .description(
      "Shows a transaction's row, its request, what it waits for, every attempt with Adjust's words, and what to do.",
    )
    .argument('<transaction-id>', 'transaction_id as it stands in the source')
    .action((transactionId: string) => execute('explain', { transactionId }, globalFlags(program)))
}

const RESOLVE_EXAMPLES = `
Examples:
  adjust-s2s resolve order-1 order-2 --as delivered --reason "in the raw data export of 2026-11-20"
  adjust-s2s resolve --run 20261120T101500Z-5f2c9a --as not-delivered --reason "the gateway's log has none of them"
  adjust-s2s resolve --file ids.csv --dry-run

What may be resolved: events in doubt, events abandoned because nobody knew (in_doubt_too_long), and what was resolved
before, as long as it was not sent since. Delivered is for good. After not-delivered the next run sends the event, unless
it is older than delivery.max_age_days (then it is expired) or a later event of its device was delivered meanwhile (late).

Exit codes:
  0  done, or said before        75  a run is going on, or the warehouse is away
  2  usage; some event was left as it is (the others are done); or a mass change waits for --confirm`

function addResolve(program: Command, execute: Execute): void {
  program
    .command('resolve')
    .summary('say what became of events in doubt')
    .description(
      'Writes into the audit table what a person knows of events whose outcome is unknown: who says so, and why. The word decides whether ' +
        'they are sent again. --run and --file show first what would change, and need its number as --confirm.',
    )
    .argument('[transaction-id...]', 'events in doubt, as transaction_id in the source')
    .option('--run <run-id>', 'all that this run left in doubt; of a resolution, all that it resolved')
    .option(
      '--file <file>',
      'a transaction_id a line, or a CSV with transaction_id and perhaps as, reason; - is standard input',
    )
    .option('--as <outcome>', 'delivered, not-delivered or abandoned')
    .option('--reason <why>', 'how you know: goes into the audit table')
    .option('--by <who>', 'who says so (default: your user name)')
    .option('--dry-run', 'only show what would change')
    .option('--confirm <n>', 'for --run and --file: so many events are to change')
    .addHelpText('after', RESOLVE_EXAMPLES)
    .action(async (ids: string[], texts: ResolveFlagTexts) => {
      const { parseResolveFlags } = await import('./resolve-flags.ts')
      await execute('resolve', parseResolveFlags(ids, texts), globalFlags(program))
    })
}

const RECONCILE_EXAMPLES = `
Examples:
  adjust-s2s reconcile --export exports/ --dry-run
  adjust-s2s reconcile --export "exports/abcdefghijkl_2026-11-2*.csv.gz"
  gcloud storage cat gs://bucket/all-of-november.csv.gz | adjust-s2s reconcile --export -
  adjust-s2s reconcile --table raw_data.adjust_events --from 2026-11-20 --to 2026-11-22

In doubt and in the export is delivered. In doubt and not in the export is sent by the next run, but only where the
delivered events around it prove that the export is complete there; docs/reconcile.md has the rule.

Exit codes:
  0  done, nothing is missing or duplicated    3  done, and delivered events are missing from the export or in it twice
  2  usage, or the export cannot be read      75  a run is going on, or the warehouse is away`

function addReconcile(program: Command, execute: Execute): void {
  program
    .command('reconcile')
    .summary("hold the audit against Adjust's raw data export")
    .description(
      "Joins the audit table with Adjust's raw data export, which carries our transaction_id as a callback parameter: settles what is in " +
        'doubt, and measures what Adjust lost or counted twice.',
    )
    .option('--export <files...>', 'CSV files (also gzipped), folders of them or globs; - is standard input')
    .option('--table <name>', "a table of the warehouse that holds the export, in the warehouse's own SQL")
    .option(
      '--from <instant>',
      'sent in the hour of this instant or later (default: a day before the oldest event in doubt was sent)',
    )
    .option('--to <instant>', 'sent before, up to the full hour (default: now)')
    .option('--transaction-id-column <name>', 'where our transaction_id is, if it has another name')
    .option('--app-token-column <name>', 'where the app token is (default: app_token, if there is one)')
    .option(
      '--event-token-column <name>',
      'where the event token is (default: event or event_token, if there is one)',
    )
    .option('--time-column <name>', 'when it happened, for the report (default: created_at, if there is one)')
    .option('--dry-run', 'only show what would change')
    .addHelpText('after', RECONCILE_EXAMPLES)
    .action(async (texts: ReconcileFlagTexts) => {
      const { parseReconcileFlags } = await import('./reconcile-flags.ts')
      await execute('reconcile', parseReconcileFlags(texts), globalFlags(program))
    })
}

/** The command line. Parsing throws CommanderErrors (also for `--help` and `--version`, which are printed by then). */
export function createProgram(execute: Execute): Command {
  const program = new Command('adjust-s2s')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('--config <file>', 'configuration file (default: adjust-s2s.yaml)')
    .option('--json', 'print one JSON object on standard output')
    .option('--quiet', 'only results, warnings and errors')
    .option('--no-input', 'never ask anything')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Errors are thrown, and printed in one place: see `report-error.ts`.
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? 110, 110),
      getErrHelpWidth: () => Math.min(process.stderr.columns ?? 110, 110),
    })
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
    })
  addInit(program, execute)
  addDoctor(program, execute)
  addPlan(program, execute)
  addRun(program, execute)
  addQuestions(program, execute)
  addResolve(program, execute)
  addReconcile(program, execute)
  addSimulate(program, execute)
  program
    .command('demo')
    .summary('deliver a sample to a simulated Adjust')
    .description(
      'Builds a sample warehouse, starts a simulated Adjust, delivers the sample, and shows what became of it.',
    )
    .action(() => execute('demo', {}, globalFlags(program)))
  return program
}
