import type { Command } from 'commander'
import type { RunFlagTexts } from '../run-flags.ts'
import { withChoices } from './choices.ts'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails } from './help-text.ts'

/** The flags that choose what is sent: the same for `run` and for `plan`. */
function addWindowFlags(command: Command): Command {
  return command
    .optionsGroup('Which events:')
    .option('--from <instant>', 'first instant that counts, UTC: 2026-02-28 or 2026-02-28T13:30:00Z')
    .option('--to <instant>', 'first instant that no longer counts')
    .option('--app <token>', 'only this app')
    .option('--event <token>', 'only this event token')
    .option('--limit <n>', 'at most so many rows of the source, in order')
    .option('--shard <i/n>', 'only part i (from 0) of n; each device is in one part')
    .optionsGroup('Sending again:')
    .addOption(
      withChoices('--resend <mode>', 'what is sent though it is settled', ['none', 'failed', 'all']).default(
        'none',
      ),
    )
    .option('--confirm <window>', 'for --resend all: "<from>/<to>", just as typed there')
}

/** `adjust-s2s run`. */
export function addRun(program: Command, execute: Execute): void {
  const run = program.command('run').summary('send what is due, in order, and audit it')
  run.description(
    'Reads the transactions that are not settled yet, sends them to Adjust in order, and writes what became of every one ' +
      'into the audit table. Without flags: everything from the age limit up to now, minus the settle time.',
  )
  addWindowFlags(run)
    .optionsGroup('Result:')
    .option('--max-rejected <n|p%>', 'exit with 3 when more events than this are rejected or in doubt')
    .option('--metrics-file <file>', 'leave metrics for Prometheus there: docs/monitoring.md')
    .option('--report <file>', 'write an HTML page about the run there: docs/report.md')
    .option('--dry-run', 'the same as plan: send and write nothing')
    .optionsGroup('Options:')
  addDetails(run, {
    examples: [
      ['run', 'everything that is due: what a schedule calls'],
      ['run --from 2026-02-01 --to 2026-03-01', 'one month, by hand; older months first'],
      ['run --resend failed', 'rejected and invalid rows again, once they are mended'],
      ['run --max-rejected 0.5%', 'exit with 3 when more than that goes wrong'],
      ['run --limit 10 --app abcdefghijkl', 'a careful first try'],
    ],
    exitCodes: [
      [0, 'everything that was read is settled, or waits as it should'],
      [3, 'finished, but more rejected or in doubt than --max-rejected allows'],
      [4, 'Adjust refused the credentials, an app or an event token'],
      [75, 'try again later: a run is going on, the warehouse or Adjust is away, or it was stopped'],
    ],
  })
  run.action(async (texts: RunFlagTexts) => {
    const { parseRunFlags } = await import('../run-flags.ts')
    const flags = parseRunFlags(texts)
    await execute(flags.dryRun ? 'plan' : 'run', flags, globalFlags(program))
  })
}

/** `adjust-s2s plan`. */
export function addPlan(program: Command, execute: Execute): void {
  const plan = program.command('plan').summary('show what a run would do; send and write nothing')
  plan.description(
    'Shows how many events a run would send, which it would not and why, and the first requests, ids masked.',
  )
  addWindowFlags(plan).optionsGroup('Options:')
  addDetails(plan, {
    examples: [
      ['plan', 'what the next run would do'],
      ['plan --from 2026-02-01 --to 2026-03-01', 'what a rerun of a month would do'],
      ['plan --resend failed', 'how many events would be sent again'],
      ['plan --json', 'the same as one JSON object: see docs/json.md'],
    ],
  })
  plan.action(async (texts: RunFlagTexts) => {
    const { parseRunFlags } = await import('../run-flags.ts')
    await execute('plan', parseRunFlags({ ...texts, dryRun: true }), globalFlags(program))
  })
}
