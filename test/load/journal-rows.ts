import type { IntentRow, OutcomeRow } from '../../src/load/journal-record.ts'

export function intentRow(number: number, changes: Partial<IntentRow> = {}): IntentRow {
  return {
    auditId: `run/${number}`,
    runId: 'run',
    transactionId: `t${number}`,
    attempt: 1,
    kind: 'event',
    appToken: 'abcdefghijkl',
    eventToken: 'tok001',
    device: 'idfa:a',
    deviceNames: ['idfa:a'],
    identifiers: null,
    occurredAtMicros: 1_769_731_200_000_000 + number,
    revenue: '9.99',
    currency: 'EUR',
    sentAtMs: 1_769_817_600_000 + number,
    warnings: [],
    ...changes,
  }
}

export function outcomeRow(number: number, changes: Partial<OutcomeRow> = {}): OutcomeRow {
  return {
    auditId: `run/${number}`,
    status: 'delivered',
    reason: 'ok',
    httpStatus: 200,
    message: 'OK',
    attempt: 1,
    sentAtMs: 1_769_817_600_000 + number,
    settledAtMs: 1_769_817_600_050 + number,
    latencyMs: 50,
    warnings: [],
    ...changes,
  }
}
