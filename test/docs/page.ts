import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/** The documents: README.md and all of docs/, by their path from the top. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function readPage(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8')
}

/** A row of a table by the names of its columns. */
export type TableRow = Record<string, string>

/** All tables of a page: the rows of each, by the names in its header. */
export function tablesOf(text: string): TableRow[][] {
  return text.split(/\n(?!\|)/).flatMap((block) => {
    const lines = block.split('\n').filter((line) => line.startsWith('|'))
    const [header, rule, ...rows] = lines.map(cellsOf)
    if (header === undefined || !rule?.every((cell) => /^:?-+:?$/.test(cell))) return []
    return [rows.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ''])))]
  })
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim())
}

/** What stands between backticks. */
export function codeOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}

/** Fenced blocks, with the language that each names. */
export function fencesOf(text: string): { language: string; code: string }[] {
  return [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }))
}

export function withoutFences(text: string): string {
  return text.replace(/^ *```\w*\n[\s\S]*?^ *```$/gm, '')
}
