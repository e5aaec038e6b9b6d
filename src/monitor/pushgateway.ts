import { post } from './post.ts'

const JOB = 'adjust_s2s'
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Sends the metrics of a shard to a Pushgateway, over those of its last run. By POST, which leaves metrics that are not sent as they
 * were: so the time of the last success survives. Throws as `post` does.
 */
export async function push(address: string, shard: string, text: string): Promise<void> {
  await post({ url: groupOf(address, shard), body: text, contentType: TEXT_FORMAT })
}

/** An address that has a grouping key of its own (`…/metrics/job/shop_eu`) keeps it. A slash in a label has to be encoded. */
function groupOf(address: string, shard: string): URL {
  const url = new URL(address)
  const path = url.pathname.replace(/\/+$/, '')
  const group = path.includes('/metrics/job') ? path : `${path}/metrics/job/${JOB}`
  url.pathname = `${group}/shard@base64/${Buffer.from(shard).toString('base64url')}`
  return url
}
