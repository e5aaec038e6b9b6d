import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { faultOf, mentionsOf } from './commands.ts'
import { codeOf, fencesOf, PAGES, ROOT, readPage, withoutFences } from './page.ts'

/** GitHub's names of headings: lower case, without punctuation, hyphens for blanks; a second one of a name gets a number. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  const headings = [...withoutFences(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, title]) => {
    const plain = title!.replaceAll(/`|\*/g, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  })
  return [...headings, ...[...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => id!)]
}

function linksOf(text: string): string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
    ([, link, image]) => (link ?? image)!,
  )
}

/** What is wrong with a link; null when it leads somewhere. Other sites are not asked. */
function linkFault(page: string, link: string): string | null {
  if (/^(https?:|mailto:)/.test(link)) return null
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file)
  if (!existsSync(path.join(ROOT, target))) return `${link}: there is no ${target}`
  if (anchor === undefined || !target.endsWith('.md')) return null
  return anchorsOf(readPage(target)).includes(anchor) ? null : `${link}: ${target} has no such heading`
}

const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** npm scripts that a page names, in code. */
function scriptsOf(text: string): string[] {
  const code = [...fencesOf(text).map((fence) => fence.code), ...codeOf(withoutFences(text))].join('\n')
  const run = [...code.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!)
  const short = [...code.matchAll(/\bnpm (start|test)\b/g)].map(([, name]) => name!)
  return [...run, ...short]
}

describe.each(PAGES)('%s', (page) => {
  const text = readPage(page)

  it('links to what is there', () => {
    expect(linksOf(text).flatMap((link) => linkFault(page, link) ?? [])).toEqual([])
  })

  it('names npm scripts that there are', () => {
    expect(scriptsOf(text).filter((name) => !(name in scripts))).toEqual([])
  })

  it('names commands and flags that the program takes', async () => {
    const faults: string[] = []
    for (const mention of mentionsOf(text)) {
      const fault = await faultOf(mention)
      if (fault !== null) faults.push(`${mention.text}: ${fault}`)
    }
    expect(faults).toEqual([])
  })
})

describe('the runbook', () => {
  const alerts = path.join(ROOT, 'k8s/alerts.yaml')

  it.skipIf(!existsSync(alerts))('has a place for every alert', () => {
    const text = readFileSync(alerts, 'utf8')
    const urls = [...text.matchAll(/docs\/runbook\.md#([\w-]+)/g)].map(([, anchor]) => anchor!)
    const names = [...text.matchAll(/alert: (\w+)/g)].map(([, name]) => name!.toLowerCase())
    expect(names.length).toBeGreaterThan(0)
    const anchors = anchorsOf(readPage('docs/runbook.md'))
    expect([...urls, ...names].filter((anchor) => !anchors.includes(anchor))).toEqual([])
  })
})

describe('what these tests find', () => {
  it('headings as GitHub names them', () => {
    expect(anchorsOf('# A b\n## `explain ID`\n## A b\n### What it costs, in $?\n')).toEqual([
      'a-b',
      'explain-id',
      'a-b-1',
      'what-it-costs-in-',
    ])
  })

  it('a link to nowhere', () => {
    expect(linkFault('docs/errors.md', 'nowhere.md')).toContain('there is no docs/nowhere.md')
    expect(linkFault('docs/errors.md', '#nowhere')).toContain('no such heading')
    expect(linkFault('docs/errors.md', '#reasons')).toBeNull()
  })

  it.each([
    'npx adjust-s2s runn',
    '$ adjust-s2s run --frm 2026-01-01',
    'X=1 node bin/adjust-s2s.js run --limit none',
    'adjust-s2s run --resend al',
    'kubectl x | adjust-s2s status --resend none',
    'jq \'.args = ["doctor", "--send"]\'',
  ])('a command that the program would not take: %s', async (line) => {
    const [mention] = mentionsOf(`\`\`\`sh\n${line}\n\`\`\``)
    expect(mention, line).toBeDefined()
    expect(await faultOf(mention!)).not.toBeNull()
  })

  it('a flag that is not one, in a sentence', async () => {
    const [mention] = mentionsOf('Run `adjust-s2s plan --dry-run` first.')
    expect(await faultOf(mention!)).toBe('no flag --dry-run of plan')
  })

  it('no command in what only has the name of one', () => {
    expect(mentionsOf('```sh\nkubectl get cronjob adjust-s2s --namespace adjust-s2s\n```')).toEqual([])
  })
})
