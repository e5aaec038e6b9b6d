import path from 'node:path'
import type { Shard } from './shard.ts'

/** Several shards that are given the same file would overwrite each other's: `s2s.prom` is `s2s-1-of-3.prom` for the second of three. */
export function fileOfShard(file: string, { index, count }: Shard): string {
  if (count === 1) return file
  const { dir, name, ext } = path.parse(file)
  return path.join(dir, `${name}-${index}-of-${count}${ext}`)
}
