import type { Command } from 'commander'
import type { ReconcileFlagTexts } from '../reconcile-flags.ts'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails, type HelpDetails } from './help-text.ts'

const DETAILS: HelpDetails = {
  examples: [
    ['reconcile --export exports/ --dry-run', 'what the files of a folder would change'],
    ['reconcile --export "exports/abcdefghijkl_2026-11-2*.csv.gz"', 'a glob, in quotes'],
    ['reconcile --export - < november.csv', 'from standard input'],
    ['reconcile --table raw_data.events --from 2026-11-20', 'from a table of the warehouse'],
  ],
  notes: `
In doubt and in the export is delivered. In doubt and not in the export is sent by the next run, but
only where the delivered events around it prove that the export is complete there:
docs/reconcile.md has the rule.`,
  exitCodes: [
    [0, 'done, nothing is missing or duplicated'],
    [2, 'usage, or the export cannot be read'],
    [3, 'done, and delivered events are missing from the export or in it twice'],
    [75, 'a run is going on, or the warehouse is away'],
  ],
}

function addExportFlags(command: Command): Command {
  return command
    .optionsGroup('The export:')
    .option('--export <files...>', 'CSV files (also gzipped), folders of them or globs; - is standard input')
    .option('--table <name>', "a table of the warehouse that holds the export, in the warehouse's own SQL")
    .optionsGroup('Its columns, if they have other names:')
    .option('--transaction-id-column <name>', 'our transaction_id')
    .option('--app-token-column <name>', 'the app token (default: app_token, if there is one)')
    .option('--event-token-column <name>', 'the event token (default: event or event_token)')
    .option('--time-column <name>', 'when it happened (default: created_at, if there is one)')
}

/** `adjust-s2s reconcile`. */
export function addReconcile(program: Command, execute: Execute): void {
  const reconcile = program
    .command('reconcile')
    .summary("hold the audit against Adjust's raw data export")
    .description(
      "Joins the audit table with Adjust's raw data export, which carries our transaction_id as a callback parameter: settles what is in " +
        'doubt, and measures what Adjust lost or counted twice.',
    )
  addExportFlags(reconcile)
    .optionsGroup('Which events, by when they were sent:')
    .option('--from <instant>', 'from this hour on (default: a day before the oldest event in doubt)')
    .option('--to <instant>', 'sent before, up to the full hour (default: now)')
    .optionsGroup('Writing:')
    .option('--dry-run', 'only show what would change')
    .optionsGroup('Options:')
    .action(async (texts: ReconcileFlagTexts) => {
      const { parseReconcileFlags } = await import('../reconcile-flags.ts')
      await execute('reconcile', parseReconcileFlags(texts), globalFlags(program))
    })
  addDetails(reconcile, DETAILS)
}
