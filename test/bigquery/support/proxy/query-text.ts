export interface DatasetName {
  project: string
  dataset: string
}

/** What stands in a query as a table: `p.d.t`, d.t or t, with backticks or without; after FROM and JOIN not a function of tables. */
const READ = /\b(?:FROM|JOIN)\s+([\w.`-]+)(?![\w.`-]|\s*\()/gi
const WRITTEN = /\b(?:INTO|UPDATE|TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+|(?!IF\s))([\w.`-]+)/gi

/** Comments and quoted text, which may hold anything. */
const NO_CODE = /--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g

/** Whether a statement is one that bytes are billed for. */
export function isSelect(sql: string): boolean {
  return /^[\s(]*(SELECT|WITH)\b/i.test(sql.replaceAll(NO_CODE, ' '))
}

/** The datasets that a query names; the default one where a table stands without a dataset and is no part of the query itself. */
export function datasetsOf(sql: string, project: string, defaultDataset: DatasetName | null): DatasetName[] {
  const code = sql.replaceAll(NO_CODE, ' ')
  const names = [...code.matchAll(READ), ...code.matchAll(WRITTEN)].map(([, name]) =>
    name!.replaceAll('`', '').split('.'),
  )
  const found = names.flatMap((parts): DatasetName[] => {
    if (parts.length === 3) return [{ project: parts[0]!, dataset: parts[1]! }]
    if (parts.length === 2) return [{ project, dataset: parts[0]! }]
    const isQueryPart = new RegExp(`\\b${parts[0]}\\s+AS\\s*\\(`, 'i').test(code)
    return defaultDataset !== null && !isQueryPart ? [defaultDataset] : []
  })
  return [...new Map(found.map((name) => [`${name.project}.${name.dataset}`, name])).values()]
}
