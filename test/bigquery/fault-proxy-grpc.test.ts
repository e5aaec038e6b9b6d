import { describe, expect, it } from 'vitest'
import { idWriter, readClient, readIds } from './support/google-clients.ts'
import { failure, proxied } from './support/proxied.ts'
import { GRPC_CODES, type GrpcCode } from './support/proxy/faults.ts'

describe('faults of gRPC', () => {
  it.each(Object.keys(GRPC_CODES) as GrpcCode[])('a call ends with %s', async (code) => {
    const { proxy, idTable } = await proxied()
    const table = await idTable(1)
    const client = readClient(proxy.grpcUrl)
    proxy.inject({ call: 'createReadSession', fault: { kind: 'grpc-status', code, message: 'No: 100 %, é' } })
    const error = await failure(readIds(client, table))
    expect(error.code).toBe(GRPC_CODES[code])
    expect(error.message).toContain('No: 100 %, é')
    expect(await readIds(client, table)).toEqual([1])
  })

  it('reading is refused', async () => {
    const { proxy, idTable } = await proxied()
    const table = await idTable(1)
    proxy.inject({
      call: 'readRows',
      fault: { kind: 'grpc-status', code: 'PERMISSION_DENIED', message: 'no' },
    })
    expect(await failure(readIds(readClient(proxy.grpcUrl), table))).toMatchObject({ code: 7 })
    expect(proxy.calls.map(({ call, fault }) => [call, fault])).toEqual([
      ['createReadSession', null],
      ['readRows', 'grpc-status'],
    ])
  })

  it.each([
    ['by a reset', undefined, GRPC_CODES.UNAVAILABLE],
    ['with a status', 'INTERNAL', GRPC_CODES.INTERNAL],
  ] as const)('reading is cut after so many messages, %s', async (_, code, seen) => {
    const { proxy, idTable } = await proxied()
    const table = await idTable(200_000)
    const client = readClient(proxy.grpcUrl)
    const fault = { kind: 'cut', afterMessages: 2, ...(code ? { code } : {}) } as const
    proxy.inject({ call: 'readRows', fault })
    const batches: number[] = []
    expect(await failure(readIds(client, table, (rows) => batches.push(rows)))).toMatchObject({ code: seen })
    expect(batches.length).toBeLessThanOrEqual(2)
    expect(await readIds(client, table)).toHaveLength(200_000)
  })

  describe('an append', () => {
    const appending = async () => {
      const { proxy, idTable, storedIds } = await proxied()
      const table = await idTable(0)
      const writer = await idWriter(proxy.grpcUrl, table)
      const append = (id: number) => writer.appendRows([{ id }]).getResult()
      return { proxy, append, storedIds, another: () => idWriter(proxy.grpcUrl, table) }
    }

    it('is refused, by its number in the stream', async () => {
      const { proxy, append, storedIds } = await appending()
      const fault = { kind: 'grpc-status', code: 'RESOURCE_EXHAUSTED', message: 'slow down' } as const
      proxy.inject({ call: 'append', fault, skip: 2 })
      await append(1)
      await append(2)
      expect(await failure(append(3))).toMatchObject({ code: GRPC_CODES.RESOURCE_EXHAUSTED })
      expect(await storedIds()).toEqual([1, 2])
    })

    it.each([
      ['connection', {}, GRPC_CODES.UNAVAILABLE],
      ['stream', { only: 'stream' }, GRPC_CODES.INTERNAL],
    ] as const)('is not stored when the %s is reset before', async (_, only, seen) => {
      const { proxy, append, storedIds } = await appending()
      proxy.inject({ call: 'append', fault: { kind: 'reset-before', ...only }, skip: 1 })
      await append(1)
      expect(await failure(append(2))).toMatchObject({ code: seen })
      expect(await storedIds()).toEqual([1])
    })

    it.each([
      ['connection', {}, GRPC_CODES.UNAVAILABLE],
      ['stream', { only: 'stream' }, GRPC_CODES.INTERNAL],
    ] as const)('is stored and its answer lost when the %s is reset after', async (_, only, seen) => {
      const { proxy, append, storedIds, another } = await appending()
      proxy.inject({ call: 'append', fault: { kind: 'reset-after', ...only }, skip: 1 })
      await append(1)
      expect(await failure(append(2))).toMatchObject({ code: seen })
      expect(await storedIds()).toEqual([1, 2])
      await (await another()).appendRows([{ id: 3 }]).getResult()
      expect(await storedIds()).toEqual([1, 2, 3])
    })

    it('hangs until it is released', async () => {
      const { proxy, append, storedIds } = await appending()
      proxy.inject({ call: 'append', fault: { kind: 'hang' } })
      const answer = append(1)
      await expect.poll(() => proxy.calls.length).toBe(1)
      expect(await storedIds()).toEqual([])
      proxy.release()
      expect((await answer).error ?? null).toBeNull()
      expect(await storedIds()).toEqual([1])
    })
  })

  it('that no call of the kind can meet is a mistake in the test', async () => {
    const { proxy } = await proxied()
    const status = { kind: 'status', status: 503, reason: 'backendError', message: '' } as const
    expect(() => proxy.inject({ call: 'append', fault: status })).toThrow('append is a call of grpc')
    expect(() => proxy.inject({ call: 'page', fault: { kind: 'cut', afterMessages: 1 } })).toThrow('rest')
  })

  it('meets gRPC only, where any would do', async () => {
    const { proxy, client, idTable } = await proxied()
    const table = await idTable(1)
    proxy.inject({ call: 'any-grpc', fault: { kind: 'reset-before' } })
    await client.query('SELECT 1')
    expect(await failure(readIds(readClient(proxy.grpcUrl), table))).toMatchObject({ code: 14 })
  })
})
