import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { errorOf, folderWith, load, REQUIRED } from './config-folder.ts'

const ENV_REQUIRED = {
  ADJUST_S2S_WAREHOUSE_TYPE: 'duckdb',
  ADJUST_S2S_WAREHOUSE_PATH: 'w.duckdb',
  ADJUST_S2S_SOURCE: 's.sql',
}

describe('settings', () => {
  it('have their documented defaults', async () => {
    const config = await load(REQUIRED)
    expect(config.adjust).toEqual({
      url: 'https://s2s.adjust.com',
      environment: 'sandbox',
      requestStyle: 'post_body',
      timestamp: 'created_at',
      adid: 'warn',
      unauthenticated: 'stop',
    })
    expect(config.delivery).toEqual({
      requestsPerSecond: 50,
      concurrency: 64,
      timeoutMs: 10_000,
      maxAgeDays: 58,
      settleMinutes: 15,
      late: 'skip',
      inDoubt: { revenue: 'hold', other: 'hold' },
      inDoubtHoldHours: 24,
      deviceNotFoundRetryDays: 7,
      maxAttempts: 5,
    })
    expect(config.audit).toEqual({ identifiers: 'hashed', expireDays: 0 })
  })

  it('have their defaults in a section whose settings are all commented out', async () => {
    const config = await load(`${REQUIRED}delivery:\n  # late: send\n`)
    expect(config.delivery.late).toBe('skip')
  })

  it('take paths from the folder of the configuration file', async () => {
    const folder = await folderWith({ 'conf/prod.yaml': REQUIRED })
    const config = await loadConfig({ path: 'conf/prod.yaml', env: {}, workingDirectory: folder })
    expect(config.warehouse).toEqual({ type: 'duckdb', path: path.join(folder, 'conf/warehouse.duckdb') })
    expect(config.source).toBe(path.join(folder, 'conf/sql/transactions.sql'))
    expect(config.stateDir).toBe(path.join(folder, 'conf/.adjust-s2s'))
    expect(config.configFile).toBe(path.join(folder, 'conf/prod.yaml'))
  })

  it('leave absolute paths as they are', async () => {
    const config = await load(`${REQUIRED}state_dir: /var/lib/adjust-s2s\n`)
    expect(config.stateDir).toBe('/var/lib/adjust-s2s')
  })

  it('give BigQuery its location and its limit', async () => {
    const config = await load('warehouse: { type: bigquery, project: p, dataset: d }\nsource: s.sql\n')
    expect(config.warehouse).toEqual({
      type: 'bigquery',
      project: 'p',
      dataset: 'd',
      location: 'EU',
      maximumGbBilled: 50,
      usdPerTib: 6.25,
      apiEndpoint: 'https://bigquery.googleapis.com',
      storageEndpoint: 'https://bigquerystorage.googleapis.com',
    })
  })

  it('keep audit rows for as long as a run looks back, or for ever', async () => {
    const problem = await errorOf(load(`${REQUIRED}audit: { expire_days: 60 }\n`))
    expect(problem.message).toContain('allowed is 0, or a whole number of days from 120 to 36,500')
    expect((await load(`${REQUIRED}audit: { expire_days: 400 }\n`)).audit.expireDays).toBe(400)
  })

  it('speak to BigQuery in clear text on this machine only', async () => {
    const settings = (address: string) =>
      `warehouse: { type: bigquery, project: p, dataset: d, api_endpoint: "${address}" }\nsource: s.sql\n`
    expect((await errorOf(load(settings('http://bigquery.example.com')))).message).toContain('api_endpoint')
    expect((await load(settings('http://127.0.0.1:9050'))).warehouse).toMatchObject({
      apiEndpoint: 'http://127.0.0.1:9050',
    })
  })

  it('drop the slash at the end of the address', async () => {
    const config = await load(`${REQUIRED}adjust: { url: "http://127.0.0.1:8090/" }\n`)
    expect(config.adjust.url).toBe('http://127.0.0.1:8090')
  })
})

describe('the environment', () => {
  it('beats the file', async () => {
    const config = await load(`${REQUIRED}delivery: { requests_per_second: 10, timeout_ms: 500 }\n`, {
      ADJUST_S2S_DELIVERY_REQUESTS_PER_SECOND: '20',
      ADJUST_S2S_DELIVERY_IN_DOUBT_REVENUE: 'skip',
    })
    expect(config.delivery).toMatchObject({ requestsPerSecond: 20, timeoutMs: 500 })
    expect(config.delivery.inDoubt).toEqual({ revenue: 'skip', other: 'hold' })
  })

  it('is enough without a file', async () => {
    const folder = await folderWith()
    const config = await loadConfig({ env: ENV_REQUIRED, workingDirectory: folder })
    expect(config.configFile).toBeNull()
    expect(config.source).toBe(path.join(folder, 's.sql'))
  })

  it('switches the warehouse, and the keys of the other kind no longer count', async () => {
    const config = await load(REQUIRED, {
      ADJUST_S2S_WAREHOUSE_TYPE: 'bigquery',
      ADJUST_S2S_WAREHOUSE_PROJECT: 'p',
      ADJUST_S2S_WAREHOUSE_DATASET: 'd',
      ADJUST_S2S_WAREHOUSE_MAXIMUM_GB_BILLED: '0.5',
    })
    expect(config.warehouse).toMatchObject({ type: 'bigquery', project: 'p', maximumGbBilled: 0.5 })
  })

  it('may not set a key of the other kind of warehouse', async () => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_WAREHOUSE_PROJECT: 'p' }))
    expect(error.message).toContain('ADJUST_S2S_WAREHOUSE_PROJECT')
    expect(error.message).toContain('warehouse.project is only for warehouse.type bigquery')
  })

  it.each([
    ['ADJUST_S2S_DELIVERY_REQUEST_PER_SECOND', 'ADJUST_S2S_DELIVERY_REQUESTS_PER_SECOND'],
    ['ADJUST_S2S_REQUESTS_PER_SECOND', 'ADJUST_S2S_DELIVERY_REQUESTS_PER_SECOND'],
    ['ADJUST_S2S_TOKEN_FIEL', 'ADJUST_S2S_TOKEN_FILE'],
  ])('with a slip in %s is an error that suggests %s', async (typed, meant) => {
    const error = await errorOf(load(REQUIRED, { [typed]: '7' }))
    expect(error.message).toContain(typed)
    expect(error.message).toContain(`did you mean ${meant}?`)
  })

  it('with an empty variable is an error, for a template had a hole', async () => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_SOURCE: '' }))
    expect(error.message).toContain('ADJUST_S2S_SOURCE  is set but empty')
  })

  it('with a value of the wrong kind is an error that names the variable', async () => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_DELIVERY_CONCURRENCY: 'many' }))
    expect(error.message).toContain('ADJUST_S2S_DELIVERY_CONCURRENCY  delivery.concurrency is "many"')
  })

  it('may hold what Kubernetes says of a Service of the same name', async () => {
    const service = {
      ADJUST_S2S_SERVICE_HOST: '10.0.0.7',
      ADJUST_S2S_SERVICE_PORT_HTTP: '8090',
      ADJUST_S2S_PORT: 'tcp://10.0.0.7:8090',
      ADJUST_S2S_SIMULATOR_PORT_8090_TCP_ADDR: '10.0.0.7',
    }
    await expect(load(REQUIRED, service)).resolves.toMatchObject({ delivery: { concurrency: 64 } })
  })

  it('sets the log level', async () => {
    expect((await load(REQUIRED, { ADJUST_S2S_LOG_LEVEL: 'DEBUG' })).logLevel).toBe('debug')
    expect((await load(REQUIRED)).logLevel).toBeNull()
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_LOG_LEVEL: 'loud' }))
    expect(error.message).toContain('allowed is debug, info, warn, error, silent')
  })
})

describe('a configuration with mistakes', () => {
  it('is refused with all of them at once, each with its place, what stands there and what may', async () => {
    const yaml = `${REQUIRED}delivery:\n  requests_per_secnd: 5\n  concurrency: 4096\n  late: maybe\nadjust:\n`
    const error = await errorOf(load(yaml, { ADJUST_S2S_DELIVERY_MAX_ATTEMPTS: '0' }))
    expect(error.message).toContain('adjust-s2s.yaml has 4 problems')
    expect(error.message).toMatch(
      /line 4 .*delivery\.requests_per_secnd is not a setting; did you mean delivery\.requests_per_second\?/,
    )
    expect(error.message).toMatch(
      /line 5 .*delivery\.concurrency is 4096; allowed is a whole number from 1 to 2,048/,
    )
    expect(error.message).toMatch(/line 6 .*delivery\.late is "maybe"; allowed is skip or send/)
    expect(error.message).toMatch(/ADJUST_S2S_DELIVERY_MAX_ATTEMPTS +delivery\.max_attempts is 0/)
    expect(error.hint).toContain('adjust-s2s init --example')
  })

  it.each([
    ['concurrency: 5', 'concurrency is not a setting; did you mean delivery.concurrency?'],
    ['delivry: { late: skip }', 'delivry is not a setting; did you mean delivery?'],
    ['xyzzy: 1', 'xyzzy is not a setting'],
    ['source: 5', 'source is 5'],
    ['source:', 'source is empty; allowed is the path of a file'],
    ['state_dir: ""', 'state_dir is empty'],
    ['delivery: fast', 'delivery is "fast"; a section belongs there'],
    ['delivery: [1]', 'delivery is [1]; a section belongs there'],
    [
      'delivery: { requests_per_second: 0.5 }',
      'delivery.requests_per_second is 0.5; allowed is a whole number',
    ],
    [
      'delivery: { timeout_ms: 99 }',
      'delivery.timeout_ms is 99; allowed is a whole number from 100 to 120,000',
    ],
    ['delivery: { max_age_days: 59 }', 'delivery.max_age_days is 59; allowed is a whole number from 1 to 58'],
    ['delivery: { settle_minutes: .nan }', 'delivery.settle_minutes is NaN'],
    ['delivery: { in_doubt: hold }', 'delivery.in_doubt is "hold"; a section belongs there'],
  ])('%s: says "%s"', async (line, message) => {
    const required = line.startsWith('source') ? 'warehouse: { type: duckdb, path: w }\n' : REQUIRED
    const error = await errorOf(load(`${required}${line}\n`))
    expect(error.message).toContain(message)
  })

  it('is refused with its mistakes in the order of the file, then of the environment, then what is missing', async () => {
    const yaml = 'delivery:\n  max_attempts: 0\n  latte: skip\nwarehouse: { type: duckdb, path: w }\n'
    const error = await errorOf(load(yaml, { ADJUST_S2S_STATE_DIR: '' }))
    expect(error.message.split('\n').slice(1)).toEqual([
      expect.stringContaining('line 2'),
      expect.stringContaining('line 3'),
      expect.stringContaining('ADJUST_S2S_STATE_DIR'),
      expect.stringContaining('source is missing'),
    ])
  })

  it('is refused when warehouse and source are missing, with what they are for', async () => {
    const error = await errorOf(load('delivery: { late: send }\n'))
    expect(error.message).toMatch(/warehouse\.type is missing .* allowed is duckdb or bigquery/)
    expect(error.message).toMatch(/source is missing .* such as sql\/transactions\.sql/)
  })

  it('is refused with another kind of warehouse', async () => {
    const error = await errorOf(load('warehouse: { type: snowflake, path: w }\nsource: s.sql\n'))
    expect(error.message).toContain('warehouse.type is "snowflake"; allowed is duckdb or bigquery')
  })

  it('is refused with a warehouse that would forget what was sent', async () => {
    const error = await errorOf(load('warehouse: { type: duckdb, path: ":memory:" }\nsource: s.sql\n'))
    expect(error.message).toContain('warehouse.path is ":memory:"')
  })

  it('is refused when it is a list', async () => {
    expect((await errorOf(load('- warehouse\n'))).message).toContain('settings belong there')
  })
})

describe('the address of Adjust', () => {
  it.each([
    'http://localhost:8090',
    'http://127.0.0.1',
    'http://127.8.9.1:1',
    'http://[::1]:8090',
    'https://proxy.example/s2s',
  ])('may be %s', async (url) => {
    expect((await load(`${REQUIRED}adjust: { url: "${url}" }\n`)).adjust.url).toBe(url)
  })

  it.each([
    'http://s2s.adjust.com',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0:8090',
    's2s.adjust.com',
    'ftp://127.0.0.1',
    'https://s2s.adjust.com?x=1',
  ])('may not be %s', async (url) => {
    const error = await errorOf(load(`${REQUIRED}adjust: { url: "${url}" }\n`))
    expect(error.message).toContain('http:// for loopback alone')
  })

  it('with a password in it is refused without repeating the password', async () => {
    const error = await errorOf(load(`${REQUIRED}adjust: { url: "https://me:hunter2@s2s.adjust.com" }\n`))
    expect(error.message).toContain('adjust.url')
    expect(error.message).not.toContain('hunter2')
  })
})

describe('settings that contradict each other', () => {
  it.each([
    ['max_age_days: 10, device_not_found_retry_days: 11', 'device_not_found_retry_days (11) is longer than'],
    ['max_age_days: 5', 'device_not_found_retry_days (7) is longer than delivery.max_age_days (5)'],
    ['max_age_days: 8, in_doubt_hold_hours: 193', 'in_doubt_hold_hours (193) is longer than'],
    ['max_age_days: 1, device_not_found_retry_days: 1, settle_minutes: 1440', 'nothing would ever be sent'],
  ])('are refused: %s', async (settings, message) => {
    const error = await errorOf(load(`${REQUIRED}delivery: { ${settings} }\n`))
    expect(error.message).toContain(message)
    expect(error.message).toContain('line 3')
  })

  it('are allowed up to the limit', async () => {
    const settings = 'max_age_days: 8, device_not_found_retry_days: 8, in_doubt_hold_hours: 192'
    await expect(load(`${REQUIRED}delivery: { ${settings} }\n`)).resolves.toBeDefined()
  })

  it('are found beside a mistake elsewhere', async () => {
    const error = await errorOf(load(`${REQUIRED}delivery: { max_age_days: 5, late: maybe }\n`))
    expect(error.message).toContain('2 problems')
  })
})

describe('a file that cannot be read', () => {
  it('is named with line and column when it is no YAML', async () => {
    const error = await errorOf(load(`${REQUIRED}delivery: { late: skip\nadjust: x`))
    expect(error.message).toMatch(/adjust-s2s\.yaml:\d+:\d+ is not valid YAML: /)
  })

  it('is not quoted, for a token may stand there', async () => {
    const error = await errorOf(load(`${REQUIRED}adjust:\n  token: "hunter2\n`))
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain('hunter2')
  })

  it('is refused with the same key twice', async () => {
    const error = await errorOf(load(`${REQUIRED}source: other.sql\n`))
    expect(error.message).toMatch(/adjust-s2s\.yaml:3:1 .* a key stands there for the second time/)
  })

  it('is refused with a tag that means nothing, whose value would be something else than meant', async () => {
    const error = await errorOf(load('warehouse: { type: duckdb, path: !env W }\nsource: s.sql\n'))
    expect(error.message).toContain('a tag')
  })

  it('is named when --config names one that is not there', async () => {
    const folder = await folderWith()
    const error = await errorOf(
      loadConfig({ path: 'nope.yaml', env: ENV_REQUIRED, workingDirectory: folder }),
    )
    expect(error.message).toContain(path.join(folder, 'nope.yaml'))
  })

  it('is offered when there is none at all', async () => {
    const error = await errorOf(loadConfig({ env: {}, workingDirectory: await folderWith() }))
    expect(error.hint).toBe('adjust-s2s init --example > adjust-s2s.yaml')
  })
})
