import { describe, expect, it } from 'vitest'
import { loadDuckdb } from '../../src/warehouse/load-duckdb.ts'

describe('loading DuckDB', () => {
  it('gives what is imported', async () => {
    expect(await loadDuckdb(async () => 'module')).toBe('module')
  })

  it('says which image has it where the package is not installed', async () => {
    // A package of DuckDB's scope that does not exist: Node's own error, as it comes where the real one is missing.
    const name = '@duckdb/is-not-installed'
    await expect(loadDuckdb(() => import(name))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('has no DuckDB'),
      hint: expect.stringContaining('docker build --target demo'),
    })
  })

  it('leaves every other error as it is', async () => {
    const name = 'is-not-installed'
    await expect(loadDuckdb(() => import(name))).rejects.not.toHaveProperty('exitCode')
  })
})
