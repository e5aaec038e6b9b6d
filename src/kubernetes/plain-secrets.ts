import { TerminalError } from '../domain/errors.ts'
import { isMapping, type Mapping } from './manifest.ts'

/** Names of variables that hold a secret, ours and those of sidecars; `…_TOKEN_FILE` is a path. The health check's URL lets anyone ping. */
const SECRET_NAME =
  /(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY|CREDENTIALS_JSON)$|^HEALTHCHECK_URL$|_OTLP_(\w+_)?HEADERS$/i

/** User and password in an address, whatever its variable is called; also in one that is no address otherwise. */
const PASSWORD_IN_URL = /^\s*[a-z][a-z\d+.-]*:\/\/[^/?#:]*:([^/?#]+)@/i

/** Values of other variables, which show nothing: `$(BASE)`, or `$(BASE)-$(INDEX)`. */
const REFERENCES = /^\$\(\w+\)([-_./:]?\$\(\w+\))*$/

/**
 * Manifests are pasted into tickets and committed, so one with a secret in plain text is not printed.
 *
 * @throws TerminalError naming container and variable, not the value.
 */
export function refusePlainSecrets(podSpec: Mapping, cronJob: string): void {
  for (const container of [podSpec.initContainers, podSpec.containers].flatMap(mappingsIn)) {
    const plain = mappingsIn(container.env).find(isPlainSecret)
    if (plain !== undefined)
      throw new TerminalError(
        `CronJob ${cronJob}, container ${String(container.name)}: ${String(plain.name)} stands there in plain text, and the Job would show it, too.`,
        {
          hint: 'Put it into a Secret, and name that in the CronJob with valueFrom.secretKeyRef, as cron.yaml does.',
        },
      )
  }
}

function isPlainSecret({ name, value }: Mapping): boolean {
  if (typeof name !== 'string' || typeof value !== 'string' || value === '') return false
  const password = PASSWORD_IN_URL.exec(value)?.[1]
  if (password !== undefined && !REFERENCES.test(password)) return true
  return SECRET_NAME.test(name) && !REFERENCES.test(value)
}

function mappingsIn(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : []
}
