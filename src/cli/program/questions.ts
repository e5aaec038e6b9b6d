import type { Command } from 'commander'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails } from './help-text.ts'

/** `adjust-s2s status`. */
export function addStatus(program: Command, execute: Execute): void {
  const status = program
    .command('status')
    .summary('show the last runs, and what waits or is in doubt')
    .description(
      'Shows who sends now, the last runs, what is deferred or in doubt, and when the oldest of it is given up.',
    )
    .action(() => execute('status', {}, globalFlags(program)))
  addDetails(status, {
    examples: [
      ['status', 'is everything as it should be?'],
      ['status --json', 'the same as one JSON object: see docs/json.md'],
    ],
  })
}

/** `adjust-s2s explain`. */
export function addExplain(program: Command, execute: Execute): void {
  const explain = program
    .command('explain')
    .summary('tell the whole story of one transaction')
    .description(
      "Shows a transaction's row, its request, what it waits for, every attempt with Adjust's words, and what to do.",
    )
    .argument('<transaction-id>', 'transaction_id as it stands in the source')
    .action((transactionId: string) => execute('explain', { transactionId }, globalFlags(program)))
  addDetails(explain, {
    examples: [
      ['explain ORDER-1042', 'why was my event not counted?'],
      ['explain -- -42', 'an id that begins with a hyphen'],
    ],
    exitCodes: [
      [0, 'the source or the audit table has it'],
      [2, 'neither knows this transaction_id'],
    ],
  })
}
