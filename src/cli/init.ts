import { existsSync } from 'node:fs'
import { access, constants, mkdir } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { TerminalError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { notAddable } from '../warehouse/older-tables.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { colour, commandLine, formatTable } from './output.ts'

/** One thing that a run needs, and whether it was there. */
interface Step {
  kind: 'state directory' | 'warehouse' | 'table' | 'column' | 'view'
  name: string
  status: 'created' | 'existed'
}

/** Prepares a warehouse and a state directory for `run`, or prints what stands at the beginning: settings or DDL. */
export const runCommand: RunCommand<'init'> = async ({ example, print }, context) => {
  if (example) {
    const { exampleYaml } = await import('../config/example.ts')
    context.stdout.write(context.flags.json ? jsonLine({ example: exampleYaml() }) : exampleYaml())
    return ExitCode.ok
  }
  const config = await context.loadConfig()
  if (print) {
    const statements = await ddlOf(config)
    context.stdout.write(
      context.flags.json
        ? jsonLine({ statements })
        : statements.map((statement) => `${statement};\n`).join('\n'),
    )
    return ExitCode.ok
  }
  show(
    [await createStateDirectory(config.stateDir), ...(await createTables(config, context))],
    config,
    context,
  )
  return ExitCode.ok
}

/** Every object says how the command ends. */
function jsonLine(object: object): string {
  return `${JSON.stringify({ ...object, exit_code: ExitCode.ok })}\n`
}

async function ddlOf({ warehouse, audit }: Config): Promise<readonly string[]> {
  const { bigqueryDdl, duckdbDdl } = await import('../warehouse/ddl.ts')
  const isDuckdb = warehouse.type === 'duckdb'
  return isDuckdb ? duckdbDdl() : bigqueryDdl(`${warehouse.project}.${warehouse.dataset}`, audit.expireDays)
}

async function createStateDirectory(path: string): Promise<Step> {
  try {
    // The journal holds what is sent, so nobody else looks into it.
    const firstCreated = await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return { kind: 'state directory', name: path, status: firstCreated === undefined ? 'existed' : 'created' }
  } catch (cause) {
    throw new TerminalError(`The state directory ${path} cannot be written: ${(cause as Error).message}`, {
      cause,
      hint: 'Set state_dir (or ADJUST_S2S_STATE_DIR) to a folder that this user may write and that survives a restart.',
    })
  }
}

async function createTables(config: Config, context: CommandContext): Promise<Step[]> {
  const [{ openFor }, { TABLES, VIEWS }] = await Promise.all([
    import('./open-warehouse.ts'),
    import('../warehouse/schema.ts'),
  ])
  const isNew = config.warehouse.type === 'duckdb' && !existsSync(config.warehouse.path)
  const warehouse = await openFor('init', config, context, { create: true })
  try {
    // Before the views, which would fail on a missing column with the engine's own words.
    const missing = await warehouse.missingTables()
    refuseForeignTables(missing)
    const created = new Set(await warehouse.createTables())
    const status = (isCreated: boolean) => (isCreated ? 'created' : 'existed')
    // A new dataset is named among what was created.
    const isNewDataset = config.warehouse.type === 'bigquery' && created.has(config.warehouse.dataset)
    return [
      { kind: 'warehouse', name: warehouse.name, status: status(isNew || isNewDataset) },
      ...TABLES.map(({ name }): Step => ({ kind: 'table', name, status: status(created.has(name)) })),
      ...missing
        .filter((name) => name.includes('.'))
        .map((name): Step => ({ kind: 'column', name, status: status(created.has(name)) })),
      ...VIEWS.map(({ name }): Step => ({ kind: 'view', name, status: status(created.has(name)) })),
    ]
  } finally {
    await warehouse.close()
  }
}

/** A table of the same name that was made otherwise stays as it is: it is somebody else's. */
function refuseForeignTables(missing: string[]): void {
  const columns = notAddable(missing)
  if (columns.length === 0) return
  throw new TerminalError(
    `The warehouse has tables of our names, but not all of their columns: it lacks ${columns.join(', ')}.`,
    {
      hint: 'A table of that name was made by something else. Compare it with `adjust-s2s init --print`, or rename it.',
    },
  )
}

function show(steps: Step[], config: Config, { stdout, stderr, flags }: CommandContext): void {
  const sourceExists = existsSync(config.source)
  if (flags.json) {
    stdout.write(jsonLine({ steps, source: { path: config.source, exists: sourceExists } }))
    return
  }
  const status = (step: Step) => colour(step.status === 'created' ? 'green' : 'dim', step.status, stdout)
  stdout.write(`${formatTable(steps.map((step) => [status(step), step.kind, step.name]))}\n`)
  if (flags.quiet) return
  const command = commandLine('plan', flags.config)
  const write = sourceExists
    ? ''
    : `write the SELECT that yields your transactions to ${config.source}, then `
  const isNew = steps.some(({ kind, status }) => kind === 'warehouse' && status === 'created')
  if (isNew && config.warehouse.type === 'duckdb')
    stderr.write('\nThe warehouse is a new, empty file. If yours is elsewhere, correct warehouse.path.\n')
  stderr.write(`\nNext: ${write}${command}\n`)
}
