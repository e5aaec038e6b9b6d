import { DuckDBInstance } from '@duckdb/node-api'

export interface Audited {
  delivered: number
  /** From the first request to the last answer. */
  sendingSeconds: number
}

/** What the audit table of a file says of its only run. */
export async function auditedRows(path: string): Promise<Audited> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(`
    SELECT
      count(*) FILTER (status = 'delivered')::DOUBLE AS delivered,
      COALESCE(epoch_ms(max(settled_at)) - epoch_ms(min(sent_at)), 0)::DOUBLE AS sending_ms
    FROM s2s_audit`)
  const [row] = reader.getRowObjects() as { delivered: number; sending_ms: number }[]
  connection.closeSync()
  instance.closeSync()
  return { delivered: row!.delivered, sendingSeconds: row!.sending_ms / 1000 }
}
