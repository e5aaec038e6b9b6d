import { readFile } from 'node:fs/promises'
import { isMap, isNode, LineCounter, parseDocument } from 'yaml'
import { TerminalError } from '../domain/errors.ts'

export interface YamlFile {
  /** The tree as written; an empty file is an empty object. */
  value: unknown
  /** `line 7` for a path such as `['delivery', 'late']`: its key, or the nearest section around it. */
  locate(path: readonly string[]): string | null
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new TerminalError(`The configuration file ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'Check the path after --config; `adjust-s2s init --example > adjust-s2s.yaml` writes a first one.',
    })
  }
}

/**
 * Reads a configuration file. Throws a TerminalError that names file, line and column when it is no YAML,
 * and never quotes the line: somebody may have put a token there.
 */
export async function readYamlFile(file: string): Promise<YamlFile> {
  const lineCounter = new LineCounter()
  const document = parseDocument(await readText(file), { lineCounter, prettyErrors: false })
  // A warning is an unknown tag or directive: its value would be something else than its author meant.
  const fault = document.errors[0] ?? document.warnings[0]
  if (fault) {
    const { line, col } = lineCounter.linePos(fault.pos[0])
    throw new TerminalError(
      `${file}:${line}:${col} is not valid YAML: ${explain(fault.code, fault.message)}`,
      {
        hint: 'Settings are indented with spaces, one per line; `adjust-s2s init --example` prints a file that works.',
      },
    )
  }
  const locate = (path: readonly string[]) => {
    const offset = keyOffset(document.contents, path)
    return offset === null ? null : `line ${lineCounter.linePos(offset).line}`
  }
  return { value: document.toJS() ?? {}, locate }
}

/** The library's message, unless it may quote what stands in the file. */
function explain(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'a key stands there for the second time'
  if (code === 'TAG_RESOLVE_FAILED') return 'a tag (!…) that means nothing here'
  return message.replace(/:.*|\n.*/s, '').replace(/^./, (letter) => letter.toLowerCase())
}

function keyOffset(contents: unknown, path: readonly string[]): number | null {
  let node = contents
  let offset: number | null = null
  for (const key of path) {
    if (!isMap(node)) break
    const pair = node.items.find((item) => isNode(item.key) && String(item.key) === key)
    if (!pair || !isNode(pair.key)) break
    offset = pair.key.range?.[0] ?? offset
    node = pair.value
  }
  return offset
}
