import { describe, expect, it } from 'vitest'
import { refusePlainSecrets } from '../../src/kubernetes/plain-secrets.ts'

const check = (name: string, value: string) => () =>
  refusePlainSecrets({ containers: [{ name: 'main', env: [{ name, value }] }] }, 'adjust-s2s')

describe('a variable of a CronJob', () => {
  it.each([
    ['HEALTHCHECK_URL', '$(HEALTHCHECK_BASE)-$(JOB_COMPLETION_INDEX)'],
    ['HTTPS_PROXY', 'http://ana:$(PROXY_WORD)@proxy:3128'],
    ['HTTPS_PROXY', 'http://proxy:3128/a@b'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318'],
  ])('may say what shows no secret: %s=%s', (name, value) => {
    expect(check(name, value)).not.toThrow()
  })

  it.each([
    ['HEALTHCHECK_URL', 'https://hc-ping.com/key-$(JOB_COMPLETION_INDEX)'],
    ['ADJUST_S2S_METRICS_PUSHGATEWAY_URL', 'http://ana:geheim@pushgateway:9091'],
  ])('may not hold one: %s=%s', (name, value) => {
    expect(check(name, value)).toThrow(`${name} stands there in plain text`)
  })
})
