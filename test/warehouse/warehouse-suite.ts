import { describe, expect, it } from 'vitest'
import { TerminalError, TransientError } from '../../src/domain/errors.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import type { QueryOptions, QueryValue, TableRow, Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros, name } from './audit-row.ts'
import { type Engine, selectOf } from './engine.ts'

type Row = Record<string, QueryValue>

/** All rows of a query, as objects. */
export async function rowsOf(warehouse: Warehouse, sql: string, options?: QueryOptions): Promise<Row[]> {
  const rows: Row[] = []
  for await (const { rowCount, columns } of warehouse.query(sql, options))
    for (let index = 0; index < rowCount; index++)
      rows.push(
        Object.fromEntries(Object.entries(columns).map(([column, values]) => [column, values[index]!])),
      )
  return rows
}

/** What every warehouse does, whatever its engine. */
export function describeWarehouse(engine: Engine): void {
  describe(`${engine.name} as a warehouse`, () => {
    describe('tables', () => {
      it('are all there once they are created', async () => {
        const warehouse = await engine.open()
        expect(await warehouse.missingTables()).toEqual([])
      })

      it('are created once', async () => {
        const warehouse = await engine.open()
        expect(await warehouse.createTables()).toEqual([])
      })

      it('can be made by other means, from the DDL', async () => {
        const warehouse = await engine.open()
        for (const table of ['s2s_audit', 's2s_runs', 's2s_lease', 's2s_latest'])
          expect(warehouse.ddl().join('\n')).toContain(table)
      })
    })

    describe('tables of an earlier version', () => {
      const insert = (table: string, id: string) =>
        `INSERT INTO ${table} (audit_id, run_id, transaction_id, status, reason, attempt, settled_at)
          VALUES ('${id}/1', 'r1', '${id}', 'delivered', 'ok', 1, TIMESTAMP '2025-05-20 12:00:00+00')`

      it('get the columns that it did not know, and keep their rows', async () => {
        const warehouse = await engine.openChanged((table) => [
          insert(table('s2s_audit'), 'old'),
          `ALTER TABLE ${table('s2s_audit')} DROP COLUMN warnings`,
          `ALTER TABLE ${table('s2s_audit')} DROP COLUMN latency_ms`,
          `ALTER TABLE ${table('s2s_runs')} DROP COLUMN duration_s`,
        ])
        const added = ['s2s_audit.latency_ms', 's2s_audit.warnings', 's2s_runs.duration_s']
        expect(await warehouse.missingTables()).toEqual(added)
        expect(await warehouse.createTables()).toEqual(added)
        expect(await warehouse.missingTables()).toEqual([])
        const row = auditRow({ transactionId: 'new', latencyMs: 80, warnings: ['adid_missing'] })
        await warehouse.append('s2s_audit', [auditTableRow(row)])
        const latest = 'SELECT transaction_id, latency_ms FROM s2s_latest ORDER BY transaction_id'
        expect(await rowsOf(warehouse, latest)).toEqual([
          { transaction_id: 'new', latency_ms: 80 },
          { transaction_id: 'old', latency_ms: null },
        ])
        const warnings = 'SELECT warning FROM s2s_audit CROSS JOIN UNNEST(warnings) AS warning'
        expect(await rowsOf(warehouse, warnings)).toEqual([{ warning: 'adid_missing' }])
      })

      it("are left alone where a column is missing that may not be NULL: they are somebody else's", async () => {
        const warehouse = await engine.openChanged((table) => [
          `ALTER TABLE ${table('s2s_runs')} DROP COLUMN shard`,
          `ALTER TABLE ${table('s2s_runs')} DROP COLUMN version`,
        ])
        expect(await warehouse.createTables()).toEqual([])
        expect(await warehouse.missingTables()).toEqual(['s2s_runs.shard', 's2s_runs.version'])
      })

      it('get the view of this one', async () => {
        const warehouse = await engine.openChanged((table) => [
          insert(table('s2s_audit'), 'old'),
          `CREATE OR REPLACE VIEW ${table('s2s_latest')} AS SELECT transaction_id FROM ${table('s2s_audit')}`,
        ])
        expect(await warehouse.createTables()).toEqual([])
        expect(await rowsOf(warehouse, 'SELECT status FROM s2s_latest')).toEqual([{ status: 'delivered' }])
      })

      it('and of a later one, with a column more, take rows', async () => {
        const warehouse = await engine.openChanged((table) => [
          `ALTER TABLE ${table('s2s_audit')} ADD COLUMN later STRING`,
        ])
        expect(await warehouse.missingTables()).toEqual([])
        await warehouse.append('s2s_audit', [auditTableRow(auditRow({ transactionId: 't1' }))])
        const rows = await rowsOf(warehouse, 'SELECT transaction_id, later FROM s2s_audit')
        expect(rows).toEqual([{ transaction_id: 't1', later: null }])
      })
    })

    describe('append', () => {
      const columns = `SELECT transaction_id, revenue, UNIX_MICROS(occurred_at) AS occurred_at_micros, attempt,
        identifiers, message, http_status, latency_ms FROM s2s_audit ORDER BY transaction_id`

      it('keeps every digit, every microsecond and every character', async () => {
        const warehouse = await engine.open()
        const row = auditRow({
          transactionId: "t'1 😀\n",
          revenue: '99999999999.999999999',
          occurredAtMicros: micros('2025-05-20T12:00:00Z') + 1,
          identifiers: { idfa: 'A' },
          message: null,
          httpStatus: null,
        })
        await warehouse.append('s2s_audit', [auditTableRow(row)])
        expect(await rowsOf(warehouse, columns)).toEqual([
          {
            transaction_id: "t'1 😀\n",
            revenue: '99999999999.999999999',
            occurred_at_micros: micros('2025-05-20T12:00:00Z') + 1,
            attempt: 1,
            identifiers: '{"idfa":"A"}',
            message: null,
            http_status: null,
            latency_ms: 80,
          },
        ])
      })

      it('keeps lists, also empty ones', async () => {
        const warehouse = await engine.open()
        const listed = [name('adid', 'a'), name('idfa', 'b')]
        await warehouse.append('s2s_audit', [
          auditTableRow(auditRow({ transactionId: 't1', deviceNames: listed })),
          auditTableRow(auditRow({ transactionId: 't2', deviceNames: [] })),
        ])
        const query = `SELECT transaction_id, STRING_AGG(device_name, ' ' ORDER BY device_name) AS names
          FROM s2s_audit CROSS JOIN UNNEST(device_names) AS device_name GROUP BY transaction_id`
        expect(await rowsOf(warehouse, query)).toEqual([{ transaction_id: 't1', names: listed.join(' ') }])
      })

      it('takes more rows than fit into one batch', async () => {
        const warehouse = await engine.open()
        const rows = Array.from({ length: 5000 }, (_, index) =>
          auditTableRow(auditRow({ transactionId: `t${index}` })),
        )
        await warehouse.append('s2s_audit', rows)
        const count = 'SELECT COUNT(DISTINCT transaction_id) AS n FROM s2s_audit'
        expect(await rowsOf(warehouse, count)).toEqual([{ n: 5000 }])
      })

      it('writes all rows or none', async () => {
        const warehouse = await engine.open()
        const rows: TableRow[] = Array.from({ length: 3000 }, (_, index) =>
          auditTableRow(auditRow({ transactionId: `t${index}` })),
        )
        rows.push({ ...rows[0]!, status: null })
        await expect(warehouse.append('s2s_audit', rows)).rejects.toThrow()
        expect(await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 0 }])
      })

      it('goes on after one that failed', async () => {
        const warehouse = await engine.open()
        const row = auditTableRow(auditRow({ transactionId: 't1' }))
        await expect(warehouse.append('s2s_audit', [{ ...row, status: null }])).rejects.toThrow()
        await warehouse.append('s2s_audit', [row])
        expect(await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 1 }])
      })

      it('of nothing does nothing', async () => {
        const warehouse = await engine.open()
        await warehouse.append('s2s_audit', [])
        expect(await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 0 }])
      })

      it('several at once all arrive', async () => {
        const warehouse = await engine.open()
        const append = (id: string) =>
          warehouse.append('s2s_audit', [auditTableRow(auditRow({ transactionId: id }))])
        await Promise.all(['t1', 't2', 't3', 't4'].map(append))
        expect(await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 4 }])
      })

      it('to a table that is not there names it, and says how it is made', async () => {
        const warehouse = await engine.open()
        const error = await warehouse.append('s2s_nothing', [{ a: 1 }]).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(TerminalError)
        expect((error as TerminalError).message).toContain('s2s_nothing')
        expect((error as TerminalError).hint).toContain('init')
      })
    })

    describe('update', () => {
      const insert = 'INSERT INTO `s2s_lease` (shard, epoch, expires_at) SELECT @shard, @epoch, @expires_at'
      const expiresAt = { timestampMicros: micros('2025-05-20T12:00:00Z') + 1 }
      const select = `SELECT shard, holder, epoch, UNIX_MICROS(expires_at) AS expires_at_micros
        FROM s2s_lease ORDER BY shard`
      const withShards = async (...shards: string[]) => {
        const warehouse = await engine.open()
        for (const shard of shards)
          await warehouse.update(insert, { parameters: { shard, epoch: 1, expires_at: expiresAt } })
        return warehouse
      }

      it('inserts a row, and says so', async () => {
        const warehouse = await engine.open()
        const parameters = { shard: "it's", epoch: 9007199254740990, expires_at: expiresAt }
        expect(await warehouse.update(insert, { parameters })).toBe(1)
        expect(await rowsOf(warehouse, select)).toEqual([
          {
            shard: "it's",
            holder: null,
            epoch: 9007199254740990,
            expires_at_micros: expiresAt.timestampMicros,
          },
        ])
      })

      it('says how many rows it has changed, and changes no other', async () => {
        const warehouse = await withShards('0/3', '1/3', '2/3')
        const update = "UPDATE `s2s_lease` SET holder = 'me', epoch = epoch + 1 WHERE shard <> @shard"
        expect(await warehouse.update(update, { parameters: { shard: '1/3' } })).toBe(2)
        expect(await rowsOf(warehouse, select)).toMatchObject([
          { shard: '0/3', holder: 'me', epoch: 2 },
          { shard: '1/3', holder: null, epoch: 1 },
          { shard: '2/3', holder: 'me', epoch: 2 },
        ])
      })

      it('of no row is no error', async () => {
        const warehouse = await withShards('0/1')
        expect(await warehouse.update("UPDATE `s2s_lease` SET epoch = 7 WHERE shard = 'other'")).toBe(0)
        expect(await rowsOf(warehouse, select)).toMatchObject([{ epoch: 1 }])
      })

      it('sees what the one before has done: of several at once that want a row as it was, one changes it', async () => {
        const warehouse = await withShards('0/1')
        const update = 'UPDATE `s2s_lease` SET holder = @holder, epoch = epoch + 1 WHERE epoch = 1'
        const take = (holder: string) =>
          warehouse.update(update, { parameters: { holder } }).catch((error: unknown) => {
            expect(error).toBeInstanceOf(TransientError)
            return 0
          })
        const changed = await Promise.all(['a', 'b', 'c', 'd'].map(take))
        expect(changed.toSorted()).toEqual([0, 0, 0, 1])
        expect(await rowsOf(warehouse, select)).toMatchObject([
          { holder: ['a', 'b', 'c', 'd'][changed.indexOf(1)]!, epoch: 2 },
        ])
      })

      it.each([
        'SELECT 1 AS one',
        'DELETE FROM `s2s_lease` WHERE TRUE',
        'UPDATE `s2s_lease` SET epoch = LENGTH(shard)',
      ])('refuses %s, naming the file and the line', async (statement) => {
        const warehouse = await withShards('0/1')
        const update = async () => warehouse.update(`\n${statement}`, { name: 'sql/mine.sql' })
        await expect(update()).rejects.toThrow('sql/mine.sql:2: ')
        expect(await rowsOf(warehouse, select)).toMatchObject([{ epoch: 1 }])
      })
    })

    describe('query', () => {
      it('changes nothing: a statement that would is refused', async () => {
        const warehouse = await engine.open()
        const query = rowsOf(warehouse, 'UPDATE `s2s_lease` SET epoch = 1 WHERE TRUE')
        await expect(query).rejects.toThrow('UPDATE is not on the list')
      })

      it('binds text, whole numbers, truth values and instants', async () => {
        const warehouse = await engine.open()
        const query = 'SELECT @a AS a, @b + 1 AS b, NOT @c AS c, UNIX_MICROS(@d) AS d'
        const parameters = {
          a: "it's",
          b: 9007199254740990,
          c: true,
          d: { timestampMicros: 1747742400000001 },
        }
        expect(await rowsOf(warehouse, query, { parameters })).toEqual([
          { a: "it's", b: Number.MAX_SAFE_INTEGER, c: false, d: 1747742400000001 },
        ])
      })

      it('runs beside another one and beside appends, and loses no row of it', async () => {
        const warehouse = await engine.open()
        const rows = Array.from({ length: 20_000 }, (_, index) =>
          auditTableRow(auditRow({ transactionId: `t${index}` })),
        )
        await warehouse.append('s2s_audit', rows)
        let count = 0
        for await (const batch of warehouse.query('SELECT transaction_id FROM s2s_audit')) {
          count += batch.rowCount
          await warehouse.append('s2s_audit', [auditTableRow(auditRow({ transactionId: `new ${count}` }))])
          await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')
        }
        expect(count).toBe(20_000)
      })

      it('says with every batch how many rows the whole result has', async () => {
        const warehouse = await engine.open()
        const rows = Array.from({ length: 5000 }, (_, index) =>
          auditTableRow(auditRow({ transactionId: `t${index}` })),
        )
        await warehouse.append('s2s_audit', rows)
        const totals: number[] = []
        for await (const { totalRows } of warehouse.query('SELECT transaction_id FROM s2s_audit'))
          totals.push(totalRows)
        expect(new Set(totals)).toEqual(new Set([5000]))
      })

      it('may be left before its end', async () => {
        const warehouse = await engine.open()
        await warehouse.append('s2s_audit', [auditTableRow(auditRow({ transactionId: 't1' }))])
        for await (const _ of warehouse.query('SELECT transaction_id FROM s2s_audit')) break
        expect(await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 1 }])
      })

      it('stops when it is asked to', async () => {
        const warehouse = await engine.open()
        const signal = AbortSignal.abort(new Error('stop, please'))
        await expect(rowsOf(warehouse, 'SELECT 1 AS one', { signal })).rejects.toThrow('stop, please')
      })

      it('that names a function outside the list says which, and where', async () => {
        const warehouse = await engine.open()
        const query = rowsOf(warehouse, 'SELECT\n  SOUNDEX(a) AS x', { name: 'sql/mine.sql' })
        await expect(query).rejects.toThrow('sql/mine.sql:2: function SOUNDEX')
      })

      it('reads the source in the words of its own dialect', async () => {
        const warehouse = await engine.open()
        const source = selectOf(engine, [{ transaction_id: 'it\'s "1" $x @y {{z}}' }])
        const rows = await rowsOf(warehouse, 'SELECT transaction_id FROM ({{source}}) AS source', { source })
        expect(rows).toEqual([{ transaction_id: 'it\'s "1" $x @y {{z}}' }])
      })
    })

    describe('describe', () => {
      it('names the columns of a SELECT without running it', async () => {
        const warehouse = await engine.open()
        const columns = await warehouse.describe(selectOf(engine, [{ transaction_id: 't', revenue: '1' }]))
        expect(columns.map((column) => column.name)).toEqual(['transaction_id', 'revenue'])
      })

      it('of a table that is not there names it', async () => {
        const warehouse = await engine.open()
        const error = await warehouse
          .describe('SELECT * FROM no_such_table')
          .catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(TerminalError)
        expect((error as TerminalError).message).toMatch(/source SELECT.*no_such_table/)
        expect((error as TerminalError).message).not.toContain('\n')
      })
    })

    describe('s2s_latest', () => {
      const latest = 'SELECT transaction_id, status, reason FROM s2s_latest ORDER BY transaction_id'
      const settledAtMs = Date.parse('2025-05-20T12:30:00Z')

      it('shows the newest settlement of a transaction', async () => {
        const warehouse = await engine.open()
        await warehouse.append('s2s_audit', [
          auditTableRow(auditRow({ transactionId: 't1', status: 'delivered', settledAtMs: settledAtMs + 1 })),
          auditTableRow(
            auditRow({ transactionId: 't1', status: 'deferred', reason: 'run_stopped', settledAtMs }),
          ),
        ])
        expect(await rowsOf(warehouse, latest)).toEqual([
          { transaction_id: 't1', status: 'delivered', reason: 'ok' },
        ])
      })

      it('passes over attempts and over copies in the source', async () => {
        const warehouse = await engine.open()
        await warehouse.append('s2s_audit', [
          auditTableRow(
            auditRow({ transactionId: 't1', status: 'rejected', reason: 'refused', settledAtMs }),
          ),
          auditTableRow(
            auditRow({
              transactionId: 't1',
              status: 'retried',
              reason: 'rate_limited',
              settledAtMs: settledAtMs + 1,
            }),
          ),
          auditTableRow(
            auditRow({
              transactionId: 't1',
              status: 'duplicate',
              reason: 'source_duplicate',
              settledAtMs: settledAtMs + 2,
            }),
          ),
        ])
        expect(await rowsOf(warehouse, latest)).toEqual([
          { transaction_id: 't1', status: 'rejected', reason: 'refused' },
        ])
      })
    })
  })
}
