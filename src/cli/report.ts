import type { Config } from '../config.ts'
import { TerminalError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { renderPage } from '../report/page/page.ts'
import type { Level, Report } from '../report/report-data.ts'
import { reportJob } from '../report-job.ts'
import { requireTables } from '../warehouse/require-tables.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { openFor } from './open-warehouse.ts'
import { colour } from './output.ts'
import { checkReportFile, writeReportFile } from './report-file.ts'

const STANDARD_OUTPUT = '-'

const COLOURS: Record<Level, 'green' | 'yellow' | 'red'> = { good: 'green', attention: 'yellow', bad: 'red' }

/** Writes what is known of a run as one HTML page, or prints it as JSON. */
export const runCommand: RunCommand<'report'> = async ({ run, output }, context) => {
  const { flags, stdout } = context
  if (flags.json && output === STANDARD_OUTPUT)
    throw new TerminalError('--json and --output - both want standard output.', {
      hint: 'Give --output a file, or leave one of them out.',
    })
  if (output !== null && output !== STANDARD_OUTPUT) await checkReportFile('--output', output)
  const report = await gather(await context.loadConfig(), run, context)
  const file = output ?? (flags.json ? null : `adjust-s2s-report-${report.run.run_id}.html`)
  if (file === STANDARD_OUTPUT) stdout.write(renderPage(report))
  else if (file !== null) await writeReportFile(file, renderPage(report))
  if (flags.json) stdout.write(`${JSON.stringify({ ...report, file })}\n`)
  else if (file !== null && file !== STANDARD_OUTPUT) stdout.write(writtenText(report, file, context))
  return ExitCode.ok
}

async function gather(config: Config, run: string | null, context: CommandContext): Promise<Report> {
  const warehouse = await openFor('report', config, context, {
    readOnly: true,
    tempDirectory: config.stateDir,
  })
  try {
    await requireTables(warehouse)
    return await reportJob({ config, warehouse, run })
  } finally {
    await warehouse.close()
  }
}

function writtenText({ run, headline }: Report, file: string, { flags, stdout }: CommandContext): string {
  const written = `Wrote ${file}\n`
  if (flags.quiet) return written
  return `${written}\n${colour('bold', `Run ${run.run_id}`, stdout)}\n  ${colour(COLOURS[headline.level], headline.sentence, stdout)}\n`
}
