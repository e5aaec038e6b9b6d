import { existsSync } from 'node:fs'
import path from 'node:path'
import { type CamelKeys, camelKeys } from './config/camel-keys.ts'
import { checkSettings } from './config/check.ts'
import { type Environment, OTHER_VARIABLES, readEnvironment } from './config/environment.ts'
import { readFileSettings } from './config/file-settings.ts'
import type { GivenSettings } from './config/given.ts'
import { configurationError, type Problem } from './config/problem.ts'
import { type Settings, settingsSchema } from './config/schema.ts'
import { readSecrets, type Secrets } from './config/secrets.ts'
import { readYamlFile } from './config/yaml-file.ts'
import { TerminalError } from './domain/errors.ts'

export type { Environment } from './config/environment.ts'
export type { Secrets } from './config/secrets.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Everything that a run is told. Keys are those of `adjust-s2s.yaml` (see `config/schema.ts`) in code's spelling; paths are absolute. */
export interface Config extends CamelKeys<Settings> {
  /** The file that was read; null when the environment gave everything. */
  configFile: string | null
  secrets: Secrets
  /** From ADJUST_S2S_LOG_LEVEL; null leaves it to the command line. */
  logLevel: LogLevel | null
}

export type WarehouseConfig = Config['warehouse']

export interface ConfigSource {
  /** `--config`; without it `adjust-s2s.yaml` of the working directory, if there is one. */
  path?: string | undefined
  env?: Environment
  workingDirectory?: string
}

const DEFAULT_FILE = 'adjust-s2s.yaml'

interface Found {
  configFile: string | null
  given: GivenSettings
  problems: Problem[]
}

/**
 * Reads file and environment (which wins), fills in the defaults, and checks all of it at once.
 * Throws a TerminalError that lists every problem with its place, what was found, and what is allowed.
 */
export async function loadConfig(source: ConfigSource = {}): Promise<Config> {
  const { env = process.env, workingDirectory = process.cwd() } = source
  const { configFile, given, problems } = await find(source.path, env, workingDirectory)
  const logLevel = readLogLevel(env, problems)
  problems.push(...checkSettings(given))
  if (problems.length > 0) throw configurationError(configFile ?? 'The environment', problems)
  const settings = camelKeys(settingsSchema.parse(toTree(given)))
  const folder = configFile === null ? workingDirectory : path.dirname(configFile)
  return { ...absolute(settings, folder), configFile, secrets: await readSecrets(env), logLevel }
}

async function find(given: string | undefined, env: Environment, workingDirectory: string): Promise<Found> {
  const file = path.resolve(workingDirectory, given ?? DEFAULT_FILE)
  const fromEnvironment = readEnvironment(env)
  if (given === undefined && !existsSync(file)) {
    if (fromEnvironment.settings.size === 0) throw noConfiguration(workingDirectory)
    return { configFile: null, given: fromEnvironment.settings, problems: fromEnvironment.problems }
  }
  const yaml = await readYamlFile(file)
  const fromFile = readFileSettings(yaml.value, (settingPath) => yaml.locate(settingPath.split('.')))
  return {
    configFile: file,
    given: new Map([...fromFile.settings, ...fromEnvironment.settings]),
    problems: [...fromFile.problems, ...fromEnvironment.problems],
  }
}

function noConfiguration(folder: string): TerminalError {
  return new TerminalError(`There is no ${DEFAULT_FILE} in ${folder}, and --config names no other file.`, {
    hint: `adjust-s2s init --example > ${DEFAULT_FILE}`,
  })
}

function readLogLevel(env: Environment, problems: Problem[]): LogLevel | null {
  const text = env[OTHER_VARIABLES.logLevel]
  if (text === undefined) return null
  const level = LOG_LEVELS.find((known) => known === text.trim().toLowerCase())
  if (level === undefined) {
    problems.push({
      where: OTHER_VARIABLES.logLevel,
      message: `is "${text}"; allowed is ${LOG_LEVELS.join(', ')}`,
    })
  }
  return level ?? null
}

function toTree(given: GivenSettings): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  const sectionOf = (keys: string[], from: Record<string, unknown>) =>
    keys.reduce((section, key) => {
      if (!Object.hasOwn(section, key)) section[key] = {}
      return section[key] as Record<string, unknown>
    }, from)
  for (const [settingPath, { value }] of given) {
    const keys = settingPath.split('.')
    sectionOf(keys.slice(0, -1), tree)[keys.at(-1)!] = value
  }
  return tree
}

function absolute(settings: CamelKeys<Settings>, folder: string): CamelKeys<Settings> {
  const { warehouse, metrics } = settings
  return {
    ...settings,
    metrics: { ...metrics, file: metrics.file === '' ? '' : path.resolve(folder, metrics.file) },
    source: path.resolve(folder, settings.source),
    stateDir: path.resolve(folder, settings.stateDir),
    warehouse:
      warehouse.type === 'duckdb' ? { ...warehouse, path: path.resolve(folder, warehouse.path) } : warehouse,
    // Request paths such as /event are put behind it.
    adjust: { ...settings.adjust, url: settings.adjust.url.replace(/\/+$/, '') },
  }
}
