import { summarizeTruth } from '../../../src/simulator/truth-summary.ts'
import { type SourcePurchase, scopesOf, type Witnesses } from './witnesses.ts'

/** Adjust's refusals and its log say where order was broken; so does every identifier by itself, counted or not. */
export function findOutOfOrder({ purchases, truth }: Witnesses): string[] {
  const byId = new Map(purchases.map((row, index) => [row.id, { row, index }]))
  const newest = new Map<string, { index: number; id: string }>()
  const wrong = truth.flatMap((entry) => {
    if (entry.answer?.message.includes('Bad event state')) return `${entry.transactionId}: refused by Adjust`
    const sold = byId.get(entry.transactionId ?? '')
    if (sold === undefined) return []
    const overtaken = keysOf(sold.row).flatMap((key) => {
      const last = newest.get(key)
      if (last !== undefined && last.index > sold.index) return last.id
      newest.set(key, { index: sold.index, id: sold.row.id })
      return []
    })
    return overtaken.length === 0 ? [] : `${sold.row.id}: sent after ${overtaken[0]}`
  })
  const { outOfOrder } = summarizeTruth(truth)
  return [...wrong, ...outOfOrder.map((sequence) => `request ${sequence}: counted out of order`)]
}

function keysOf({ app, token, hasRevenue, names }: SourcePurchase): string[] {
  return names.flatMap((name) => scopesOf({ token, hasRevenue }).map((scope) => `${app} ${name} ${scope}`))
}
