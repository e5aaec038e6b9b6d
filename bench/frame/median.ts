import type { Measured, Sample } from './benchmark.ts'

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function medianOf({ samples }: Measured, value: (sample: Sample) => number): number {
  return median(samples.map(value))
}
