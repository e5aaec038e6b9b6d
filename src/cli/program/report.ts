import type { Command } from 'commander'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails } from './help-text.ts'

/** `adjust-s2s report`. */
export function addReport(program: Command, execute: Execute): void {
  const report = program
    .command('report')
    .summary('write a page about one run')
    .description(
      'Writes one HTML page about a run, by default the newest that ended: where every row went and why, revenue that is missing, ' +
        'sending against the rate limit, answer times, what is open, and the runs before. It needs no network to be read.',
    )
    .argument('[run]', 'a run id, the beginning of one, or what stands behind its hyphen')
    .option(
      '-o, --output <file>',
      'where to write it (default: adjust-s2s-report-<run id>.html); - is standard output',
    )
    .action((run: string | undefined, { output }: { output?: string }) =>
      execute('report', { run: run ?? null, output: output ?? null }, globalFlags(program)),
    )
  addDetails(report, {
    examples: [
      ['report', 'the newest run that ended'],
      ['report 3b9f2c -o /tmp/report.html', 'another one, by the end of its id'],
      ['report --json', 'the same as one JSON object: see docs/report.md'],
    ],
    exitCodes: [
      [0, 'the report was written, whatever it says of the run'],
      [2, 'usage; no such run, or several'],
      [75, 'the warehouse is in use or away'],
    ],
  })
}
