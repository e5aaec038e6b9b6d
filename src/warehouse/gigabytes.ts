/** As BigQuery's console and price list count: 2^30. */
export const BYTES_PER_GB = 2 ** 30
const GB_PER_TIB = 1024

/** `1.25 GB`; the least that is shown is 0.01. */
export function formatGb(bytes: number): string {
  const gigabytes = bytes / BYTES_PER_GB
  if (bytes > 0 && gigabytes < 0.01) return 'under 0.01 GB'
  return `${gigabytes.toLocaleString('en-US', { maximumFractionDigits: 2 })} GB`
}

/** What reading so many bytes costs, in US dollars. */
export function costUsd(bytes: number, usdPerTib: number): number {
  return (bytes / BYTES_PER_GB / GB_PER_TIB) * usdPerTib
}
