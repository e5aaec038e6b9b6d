import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Image } from './build.ts'
import type { Result, Trial } from './trial.ts'

/** One thing that an image has to do. `fault` is null when it does. */
export interface Outcome {
  what: string
  fault: string | null
}

/** Every module of the program; main.ts would start it, and thread-main.ts is the inside of a thread. */
const LOAD_ALL = `
  import { readdirSync } from 'node:fs'
  const files = readdirSync('/app/src', { recursive: true }).filter((file) => /\\.ts$/.test(file) && !/(^|\\/)(thread-)?main\\.ts$/.test(file))
  let loaded = 0
  for (const file of files) await import('/app/src/' + file).then(() => loaded++, (error) => console.log(error.message.split('\\n')[0]))
  console.error(loaded)
`
const BIGQUERY =
  'warehouse: { type: bigquery, project: p, dataset: d, location: EU }\nsource: source.sql\nstate_dir: state\n'
const DUCKDB = 'warehouse: { type: duckdb, path: warehouse.duckdb }\nsource: source.sql\nstate_dir: state\n'

/** What holds for both images. */
export function commonTrials(image: Image, trial: Trial): Outcome[] {
  const bigquery = trial.file('bigquery.yaml', BIGQUERY)
  const noKey = { GOOGLE_APPLICATION_CREDENTIALS: '/there/is/none.json' }
  return [
    expected('--version', trial.run(['--version']), { stdout: new RegExp(`^${packageJson.version}\n$`) }),
    expected('--help', trial.run(['--help']), { stdout: /Usage: adjust-s2s/ }),
    expected('init --example', trial.run(['init', '--example']), { stdout: /^warehouse:/m }),
    expected('BigQuery: all of it loads', trial.run(['plan', '--config', bigquery], { env: noKey }), {
      code: 2,
      stderr: /Google credentials/,
    }),
    { what: 'the program cannot change itself', fault: writableFault(image, trial) },
    { what: 'sbom.cdx.json names what is installed', fault: sbomFault(image) },
  ]
}

/** Without DuckDB nothing else is missing, and who wants it is told. */
export function cloudTrials(image: Image, trial: Trial): Outcome[] {
  const duckdb = trial.file('duckdb.yaml', DUCKDB)
  const noDuckdb = { code: 2, stderr: /has no DuckDB.*\n.*docker build --target demo/ }
  return [
    expected('without words it prints its help', trial.run(), { stdout: /Usage: adjust-s2s/ }),
    expected('DuckDB: says that it is not there', trial.run(['plan', '--config', duckdb]), noDuckdb),
    expected('demo: says that it is not there', trial.run(['demo']), noDuckdb),
    { what: 'every module loads, but those of DuckDB', fault: loadFault(image, trial, /@duckdb\//) },
  ]
}

/** The sample is delivered from an empty folder, and a second time there is nothing to deliver. */
export function demoTrials(image: Image, trial: Trial): Outcome[] {
  return [
    { what: 'every module loads', fault: loadFault(image, trial, null) },
    expected('without words it delivers the sample', trial.run(), {
      stdout: /counted, 0 twice, 0 out of order/,
    }),
    expected('and finds nothing to do after that', trial.run(['demo', '--json']), {
      stdout: /"requests":0,/,
    }),
  ]
}

/** The answer of the program against what it should be; the code is 0 unless it is said. */
function expected(
  what: string,
  result: Result,
  wanted: { code?: number; stdout?: RegExp; stderr?: RegExp },
): Outcome {
  const isRight =
    result.code === (wanted.code ?? 0) &&
    (wanted.stdout?.test(result.stdout) ?? true) &&
    (wanted.stderr?.test(result.stderr) ?? true)
  const seen = `ended with ${result.code}\n${result.stdout.slice(-500)}${result.stderr.slice(-1500)}`
  return { what, fault: isRight ? null : seen }
}

function loadFault(image: Image, trial: Trial, allowed: RegExp | null): string | null {
  const { stdout, stderr } = trial.script(LOAD_ALL.replaceAll('/app/', `${image.root}/app/`))
  const unexpected = stdout.split('\n').filter((line) => line !== '' && !allowed?.test(line))
  if (Number(stderr) < 100) return `only ${stderr} modules were loaded`
  return unexpected.length === 0 ? null : unexpected.join('\n')
}

/** Its files belong to root and nobody else may write them; what it writes goes to mounted volumes. */
function writableFault({ root }: Image, trial: Trial): string | null {
  const { stdout } = trial.script(`
    import { accessSync, constants } from 'node:fs'
    for (const file of ['.', 'bin', 'src', 'src/main.ts', 'node_modules', 'package.json'])
      try { accessSync('${root}/app/' + file, constants.W_OK); console.log(file) } catch {}`)
  return stdout === '' ? null : `it may write ${stdout.trim().replaceAll('\n', ', ')}`
}

function sbomFault({ root }: Image): string | null {
  const app = path.join(root, 'app')
  const { components } = JSON.parse(readFileSync(path.join(app, 'sbom.cdx.json'), 'utf8'))
  const names: string[] = components.map(({ name }: { name: string }) => name)
  const { dependencies } = JSON.parse(readFileSync(path.join(app, 'package.json'), 'utf8'))
  const missing = Object.keys(dependencies).filter((name) => !names.includes(name))
  const gone = names.filter((name) => !isInstalled(app, name))
  return missing.length + gone.length === 0
    ? null
    : `it lacks ${missing.join(', ')}; not installed: ${gone.join(', ')}`
}

/** Also deeper down, where two versions are there. */
function isInstalled(app: string, name: string): boolean {
  const lock = JSON.parse(readFileSync(path.join(app, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(lock.packages).some(
    (place) => place.endsWith(`node_modules/${name}`) && existsSync(path.join(app, place)),
  )
}
