import { MS_PER_DAY, SHORTEST_AUDIT_DAYS } from '../../domain/durations.ts'
import { TerminalError } from '../../domain/errors.ts'
import {
  bigqueryAddColumn,
  bigqueryExpiry,
  bigqueryStatements,
  bigqueryType,
  bigqueryViewQuery,
} from '../ddl.ts'
import { columnsToAdd } from '../older-tables.ts'
import { TABLES, type Table, VIEWS } from '../schema.ts'
import type { BigqueryApi } from './api.ts'
import { sqlType } from './columns.ts'
import { reasonOf } from './failures.ts'
import type { Dataset, TableResource } from './rest-types.ts'

export interface TablesOptions {
  api: BigqueryApi
  project: string
  dataset: string
  location: string
  expireDays: number
  /** Runs one statement. */
  run: (statement: string) => Promise<void>
}

/** This program's tables in a dataset. */
export class BigqueryTables {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  /**
   * Creates the dataset, the tables and the views that are missing, adds the columns that an earlier version's tables lack, and answers the
   * names of all of it.
   */
  async createMissing(): Promise<string[]> {
    const created: string[] = []
    if (!(await this.datasetExists())) {
      await this.#createDataset()
      created.push(this.#options.dataset)
    }
    const { project, dataset, expireDays, run } = this.#options
    const present = await this.#tables()
    for (const [name, statements] of bigqueryStatements(`${project}.${dataset}`, expireDays)) {
      const found = present.get(name)
      const isDue = !found || isOldView(`${project}.${dataset}`, name, found)
      if (isDue) for (const statement of statements) await run(statement)
      if (found) created.push(...(await this.#update(name, found)))
      else created.push(name)
    }
    return created
  }

  /** Brings a table of an earlier version, or one of another's hand, up to date; answers the columns that it added. */
  async #update(name: string, found: TableResource): Promise<string[]> {
    const table = TABLES.find((one) => one.name === name)
    if (!table) return []
    await this.#setExpiry(table, found)
    const types = columnTypes(found)
    const isOurs = table.columns.every(
      (column) => (types.get(column.name) ?? bigqueryType(column)) === bigqueryType(column),
    )
    const columns = isOurs ? columnsToAdd(table, [...types.keys()]) : []
    const { project, dataset, run } = this.#options
    for (const column of columns) await run(bigqueryAddColumn(`${project}.${dataset}`, table, column))
    return columns.map((column) => `${name}.${column.name}`)
  }

  /** The setting may have changed since the table was made, or somebody else has made it. */
  async #setExpiry(table: Table, found: TableResource): Promise<void> {
    const { project, dataset, expireDays, run } = this.#options
    const wanted = table.partitionBy ? expireDays : 0
    const isRight = found.expirationTime === undefined && (keptDays(found) ?? 0) === wanted
    if (!isRight) await run(bigqueryExpiry(`${project}.${dataset}`, table, expireDays))
  }

  /** Whether the table is there now. */
  async has(name: string): Promise<boolean> {
    return (await orNull(this.#find(name))) !== null
  }

  /** Names of the dataset, the tables and the views that are missing, and `table.column`, with its type where only that is wrong. */
  async missing(): Promise<string[]> {
    const { dataset } = this.#options
    if (!(await this.datasetExists())) return [`dataset ${dataset}`]
    const present = await this.#tables()
    const tables = TABLES.flatMap(({ name, columns }) => {
      const table = present.get(name)
      if (!table) return [name]
      const types = columnTypes(table)
      if (forgets(table)) return [`a ${name} that keeps its rows (this one drops them after a time)`]
      return columns.flatMap((column) => {
        const [type, wanted] = [types.get(column.name), bigqueryType(column)]
        if (type === wanted) return []
        return [`${name}.${column.name}${type === undefined ? '' : ` as ${wanted} (it is ${type})`}`]
      })
    })
    return [...tables, ...VIEWS.map(({ name }) => name).filter((name) => !present.get(name))]
  }

  /** Throws a TerminalError when it is in another place, which is as good as none: a query runs in one location only. */
  async datasetExists(): Promise<boolean> {
    const { api, project, dataset, location } = this.#options
    const found = await orNull(api.call<Dataset>({ uri: `/datasets/${dataset}` }))
    if (found?.location && found.location.toLowerCase() !== location.toLowerCase())
      throw new TerminalError(
        `dataset ${project}.${dataset} is in ${found.location}, and warehouse.location says ${location}`,
        { hint: `Set warehouse.location to ${found.location}, or use a dataset in ${location}.` },
      )
    return found !== null
  }

  async #createDataset(): Promise<void> {
    const { api, project, dataset, location } = this.#options
    const json = {
      datasetReference: { projectId: project, datasetId: dataset },
      location,
      description: 'What became of every transaction that adjust-s2s sent to Adjust.',
    }
    await api.call({ method: 'POST', uri: '/datasets', json }).catch((error: unknown) => {
      // An answer that was lost, or somebody else at the same moment: it is there.
      if (reasonOf(error) !== 'duplicate') throw error
    })
  }

  async #tables(): Promise<Map<string, TableResource | null>> {
    const names = [...TABLES, ...VIEWS].map(({ name }) => name)
    return new Map(
      await Promise.all(names.map(async (name) => [name, await orNull(this.#find(name))] as const)),
    )
  }

  #find(name: string): Promise<TableResource> {
    const { api, dataset } = this.#options
    return api.call<TableResource>({ uri: `/datasets/${dataset}/tables/${name}` })
  }
}

/** Whether a view selects something else than this version's. */
function isOldView(dataset: string, name: string, found: TableResource): boolean {
  const view = VIEWS.find((one) => one.name === name)
  return view !== undefined && found.view?.query !== bigqueryViewQuery(dataset, view)
}

/** After how many days partitions go; null where they stay. */
function keptDays({ timePartitioning }: TableResource): number | null {
  const expirationMs = Number(timePartitioning?.expirationMs ?? 0)
  return expirationMs > 0 ? expirationMs / MS_PER_DAY : null
}

/** A dataset's default expiry is that of every table made in it. What the audit table has forgotten would be sent again. */
function forgets(table: TableResource): boolean {
  return table.expirationTime !== undefined || (keptDays(table) ?? SHORTEST_AUDIT_DAYS) < SHORTEST_AUDIT_DAYS
}

/** Types by column. */
function columnTypes(table: TableResource): Map<string, string> {
  return new Map((table.schema?.fields ?? []).map((field) => [field.name ?? '', sqlType(field)]))
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    // A project that does not exist is not found either, and is no table that could be made.
    if (reasonOf(error) === 'notFound' && !/project/i.test((error as Error).message.split(':')[1] ?? ''))
      return null
    throw error
  }
}
