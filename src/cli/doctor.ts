import type { Config } from '../config.ts'
import { doctorJob, exitCodeOf, type Finding } from '../doctor-job.ts'
import type { ExitCode } from '../domain/exit-code.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { maskRequest } from './masked-request.ts'
import { openFor } from './open-warehouse.ts'
import { colour, oneLine } from './output.ts'
import { requestLines } from './request-lines.ts'

/** Somebody waits, and a fault that passes in a few seconds is none; one that stays is a finding, so it is not told beforehand. */
const MAX_RETRY_MS = 5_000

/** As wide as the longest name of a check. */
const CHECK_WIDTH = 'Storage Write API'.length
const STATUS_WIDTH = 'warning'.length
const INDENT = ' '.repeat(STATUS_WIDTH + CHECK_WIDTH + 4)

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const

/** Checks what a first deployment gets wrong, and prints each finding as it comes. */
export const runCommand: RunCommand<'doctor'> = async ({ sendTestEvent }, context) => {
  const { flags, stdout } = context
  let config: Config | null = null
  const checks = doctorJob({
    loadConfig: async () => (config = await context.loadConfig()),
    openWarehouse: (settings) =>
      openFor('doctor', settings, context, { maxRetryMs: MAX_RETRY_MS, onTrouble: () => {} }),
    sendTestEvent,
  })
  const findings: Finding[] = []
  for await (const finding of checks) {
    findings.push(finding)
    const isWanted = !flags.quiet || finding.status === 'warning' || finding.status === 'failed'
    if (!flags.json && isWanted) stdout.write(`${findingText(finding, config, stdout)}\n`)
  }
  const exitCode = exitCodeOf(findings)
  stdout.write(
    flags.json ? `${JSON.stringify(doctorJson(findings, config, exitCode))}\n` : closingText(findings),
  )
  return exitCode
}

function findingText(
  { check, status, detail, hint, event }: Finding,
  config: Config | null,
  stdout: CommandContext['stdout'],
): string {
  const title = `${colour(COLOURS[status], status.padEnd(STATUS_WIDTH), stdout)}  ${check.padEnd(CHECK_WIDTH)}`
  const lines = detail.split('\n').map(oneLine)
  if (event !== null && config !== null)
    lines.push(...requestLines(maskRequest(event, config.adjust), stdout))
  if (hint !== null) lines.push(...`${colour('cyan', 'mend:', stdout)} ${hint}`.split('\n'))
  return `${title}  ${lines.join(`\n${INDENT}`)}`
}

function closingText(findings: readonly Finding[]): string {
  const counts = countsOf(findings)
  const { ok, warnings, failed, skipped } = counts
  const parts = [
    `${ok} ok`,
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  return `\n${findings.length} checks: ${parts.join(', ')}\n`
}

function doctorJson(findings: readonly Finding[], config: Config | null, exitCode: ExitCode) {
  const checks = findings.map(({ check, status, detail, hint, event }) => ({
    check,
    status,
    detail,
    hint,
    request: event === null || config === null ? null : maskRequest(event, config.adjust),
  }))
  return { checks, ...countsOf(findings), exit_code: exitCode }
}

function countsOf(findings: readonly Finding[]) {
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length
  return { ok: count('ok'), warnings: count('warning'), failed: count('failed'), skipped: count('skipped') }
}
