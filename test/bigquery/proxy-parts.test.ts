import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grpcCall, jobIdOf, restCall } from './support/proxy/calls.ts'
import { FrameReader } from './support/proxy/grpc-frames.ts'
import { datasetsOf, isSelect } from './support/proxy/query-text.ts'

function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

describe('frames of gRPC', () => {
  it('are whole and in order, wherever the bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 })
    const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(messages, sizes, (sent, cuts) => {
        const frames = sent.map(frameOf)
        const reader = new FrameReader()
        const read: Buffer[] = []
        let rest = Buffer.concat(frames)
        for (const size of cuts) {
          if (rest.length === 0) break
          read.push(...reader.push(rest.subarray(0, size)))
          rest = rest.subarray(size)
        }
        expect(read).toEqual(frames)
      }),
    )
  })
})

describe('the datasets of a query', () => {
  const names = (sql: string, defaultDataset: string | null = 'own') =>
    datasetsOf(sql, 'p', defaultDataset === null ? null : { project: 'p', dataset: defaultDataset }).map(
      ({ project, dataset }) => `${project}.${dataset}`,
    )

  it.each([
    ['SELECT * FROM `p-1.d.t`', ['p-1.d']],
    ['SELECT * FROM `p-1`.`d`.`t` JOIN e.u ON TRUE', ['p-1.d', 'p.e']],
    ['SELECT * FROM t', ['p.own']],
    ['WITH t AS (SELECT * FROM d.u) SELECT * FROM t', ['p.d']],
    ["SELECT 'FROM d.t' -- FROM e.u\n FROM UNNEST([1])", []],
    ['CREATE TABLE IF NOT EXISTS d.t (a INT64)', ['p.d']],
    ['INSERT INTO d.t (a) SELECT a FROM e.u', ['p.e', 'p.d']],
    ['UPDATE t SET a = 1 WHERE TRUE', ['p.own']],
    ['SELECT 1', []],
  ])('%s', (sql, expected) => {
    expect(names(sql)).toEqual(expected)
  })

  it('do not include a default that is not set', () => {
    expect(names('SELECT * FROM t', null)).toEqual([])
  })
})

it.each([
  ['-- a query\n(SELECT 1)', true],
  ['WITH a AS (SELECT 1) SELECT * FROM a', true],
  ['CREATE TABLE a AS SELECT 1', false],
  ['/* SELECT */ INSERT INTO a VALUES (1)', false],
])('%s is billed: %s', (sql, expected) => {
  expect(isSelect(sql)).toBe(expected)
})

it.each([
  ['POST', 'jobs', 'submit', null],
  ['POST', 'queries?prettyPrint=false', 'submit', null],
  ['GET', 'jobs/a%3Ab?location=EU', 'job', 'a:b'],
  ['GET', 'queries/j1?pageToken=x', 'page', 'j1'],
  ['POST', 'jobs/j1/cancel', 'cancel', 'j1'],
  ['GET', 'datasets/d/tables/t/data', 'tabledata', null],
  ['GET', 'datasets/d', 'metadata', null],
  ['GET', 'datasets/d/tables/t', 'metadata', null],
  ['GET', 'datasets/d/tables', 'other', null],
  ['POST', 'datasets', 'other', null],
])('%s %s is a call %s of job %s', (method, resource, call, jobId) => {
  const path = `/bigquery/v2/projects/p/${resource}`
  expect(restCall(method, path)).toBe(call)
  expect(jobIdOf(path)).toBe(jobId)
})

it('a method of the Storage API gives its call a name', () => {
  expect(grpcCall('/google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows')).toBe('readRows')
  expect(grpcCall('/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows')).toBe('append')
})
