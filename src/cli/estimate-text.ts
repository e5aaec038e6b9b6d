import type { Config } from '../config.ts'
import { costUsd, formatGb } from '../warehouse/gigabytes.ts'
import type { QueryEstimate } from '../warehouse/warehouse.ts'

/** `this query will read 1.25 GB, about $0.01`; null where reading costs nothing. */
export function estimateText({ bytes }: QueryEstimate, { warehouse }: Config): string | null {
  if (bytes === null || warehouse.type !== 'bigquery') return null
  const price = warehouse.usdPerTib
  const cost = price === 0 ? '' : `, about $${costUsd(bytes, price).toFixed(2)}`
  return `this query will read ${formatGb(bytes)}${cost}`
}
