import type { Command } from 'commander'
import type { ResolveFlagTexts } from '../resolve-flags.ts'
import { withChoices } from './choices.ts'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails, type HelpDetails } from './help-text.ts'

const DETAILS: HelpDetails = {
  examples: [
    ['resolve order-1 order-2 --as delivered --reason "in the raw data export"', 'Adjust has them'],
    [
      'resolve --run 20261120T101500Z-5f2c9a --as not-delivered --reason "not in the gateway\'s log"',
      'all that a run left in doubt',
    ],
    ['resolve --file ids.csv --dry-run', 'what a list of ids would change'],
  ],
  notes: `
What may be resolved: events in doubt, events abandoned because nobody knew (in_doubt_too_long),
and what was resolved before, as long as it was not sent since. Delivered is for good. After
not-delivered the next run sends the event, unless it is older than delivery.max_age_days (then it
is expired) or a later event of its device was delivered meanwhile (late).`,
  exitCodes: [
    [0, 'done, or said before'],
    [2, 'usage; some event was left as it is (the others are done); or --confirm is wanted'],
    [75, 'a run is going on, or the warehouse is away'],
  ],
}

/** `adjust-s2s resolve`. */
export function addResolve(program: Command, execute: Execute): void {
  const resolve = program
    .command('resolve')
    .summary('say what became of events in doubt')
    .description(
      'Writes into the audit table what a person knows of events whose outcome is unknown: who says so, and why. The word decides whether ' +
        'they are sent again. --run and --file show first what would change, and need its number as --confirm.',
    )
    .argument('[transaction-id...]', 'events in doubt, as transaction_id in the source')
    .optionsGroup('Which events:')
    .option('--run <run-id>', 'all that this run left in doubt; of a resolution, all that it resolved')
    .option(
      '--file <file>',
      'a transaction_id a line, or a CSV with transaction_id and perhaps as, reason; - is standard input',
    )
    .optionsGroup('What is said:')
    .addOption(
      withChoices('--as <outcome>', 'what became of them', ['delivered', 'not-delivered', 'abandoned']),
    )
    .option('--reason <why>', 'how you know: goes into the audit table')
    .option('--by <who>', 'who says so (default: your user name)')
    .optionsGroup('Writing:')
    .option('--dry-run', 'only show what would change')
    .option('--confirm <n>', 'for --run and --file: so many events are to change')
    .optionsGroup('Options:')
    .action(async (ids: string[], texts: ResolveFlagTexts) => {
      const { parseResolveFlags } = await import('../resolve-flags.ts')
      await execute('resolve', parseResolveFlags(ids, texts), globalFlags(program))
    })
  addDetails(resolve, DETAILS)
}
