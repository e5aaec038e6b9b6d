import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { CACHE, HOME, isInstalled, PYTHON, REQUIREMENTS, STAMP, stamp, VENV } from './environment.ts'

/** `python3` first; the others for systems whose own one is old. */
const PYTHONS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11']
const OLDEST = [3, 11] as const

const say = (line: string) => process.stderr.write(`${line}\n`)

class SetupError extends Error {}

/** Runs a command and shows what it prints; `failure` says what it means when it fails. */
function run(command: string, args: string[], failure: string, env: NodeJS.ProcessEnv = {}): void {
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (error !== undefined || status !== 0)
    throw new SetupError(error ? `${failure}: ${error.message}` : failure)
}

/** Major and minor version; null when there is no such command, or it only pretends to be one. */
function versionOf(python: string): [number, number] | null {
  const code = 'import sys; print(sys.version_info[0], sys.version_info[1])'
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' })
  const [major, minor] = status === 0 ? stdout.trim().split(' ').map(Number) : []
  return major === undefined || minor === undefined ? null : [major, minor]
}

function findPython(): string {
  const found = PYTHONS.map((name) => ({ name, version: versionOf(name) })).filter(({ version }) => version)
  const fit = found.find(({ version }) => version![0] === OLDEST[0] && version![1] >= OLDEST[1])
  if (fit) return fit.name
  if (found.length === 0)
    throw new SetupError(
      'The BigQuery emulator needs Python 3.11 or newer, and there is no python3. Install it.',
    )
  const versions = found.map(({ name, version }) => `${name} is ${version!.join('.')}`).join(', ')
  throw new SetupError(
    `The BigQuery emulator needs Python 3.11 or newer; ${versions}. Install a newer one beside it.`,
  )
}

function makeVenv(python: string): void {
  // Debian and Ubuntu ship Python without the parts that make a virtual environment.
  const { status } = spawnSync(python, ['-c', 'import venv, ensurepip'])
  if (status !== 0)
    throw new SetupError(
      `${python} has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv).`,
    )
  run(python, ['-m', 'venv', VENV], `${python} could not make a virtual environment in ${VENV}`)
}

function install(): void {
  const python = findPython()
  say('Installing the BigQuery emulator into node_modules/.cache (once, about 600 MB) …')
  rmSync(CACHE, { recursive: true, force: true })
  mkdirSync(HOME, { recursive: true })
  makeVenv(python)
  const options = [
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '--require-hashes',
    '--only-binary=:all:',
  ]
  run(
    PYTHON,
    ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS],
    'pip could not install the BigQuery emulator (its own words are above). It needs a package index and wheels for this system',
  )
  // The emulator installs this extension at every start; it asks the network only when it is not there yet.
  const spatial = 'import duckdb_extensions.extension_importer as e; e.import_extension("spatial")'
  run(PYTHON, ['-c', spatial], "DuckDB's spatial extension could not be imported from its package", { HOME })
  writeFileSync(STAMP, stamp())
}

try {
  if (!isInstalled()) install()
  say('The BigQuery emulator is installed.')
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = 1
}
