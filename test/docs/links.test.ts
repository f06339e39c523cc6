import { existsSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anchorsOf, linkTargets, referenceLabels } from './markdown.ts'
import { allPages, readPage, root } from './pages.ts'
import { manifest, pathOf, repository } from './project-address.ts'

/** The addresses of the repository that are no files of it. */
const services = [repository, `${repository}/issues`, `${repository}/security/advisories/new`]

/** Says what is wrong with a link; `undefined` if it leads somewhere. */
const problemOf = (page: string, target: string): string | undefined => {
  if (/^[a-z]+:/.test(target)) {
    const path = pathOf(target)
    if (path !== undefined) return problemOf('', path)
    if (target.startsWith(repository) && !services.includes(target))
      return 'an address of the repository without a file'
    return target.startsWith('https://') ? undefined : 'not https'
  }
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : posix.join(dirname(page), path)
  if (!existsSync(join(root, file))) return 'no such file'
  if (anchor === undefined || statSync(join(root, file)).isDirectory()) return undefined
  return anchorsOf(readPage(file)).has(anchor) ? undefined : 'no such heading'
}

describe.each(allPages)('The page %s', (page) => {
  test('has links that lead somewhere', () => {
    const broken = linkTargets(readPage(page))
      .map((target) => ({ target, problem: problemOf(page, target) }))
      .filter(({ problem }) => problem !== undefined)
    expect(broken).toEqual([])
  })

  test('defines each of its link labels', () => {
    const text = readPage(page)
    for (const label of referenceLabels(text)) expect(text).toContain(`\n[${label}]: `)
  })
})

describe('The check of links', () => {
  test.each([
    ['docs/README.md', 'guide/missing.md'],
    ['docs/README.md', 'guide/appliers.md#missing'],
    ['docs/README.md', '#missing'],
    ['README.md', `${repository}/blob/main/docs/missing.md`],
    ['README.md', `${repository}/wiki`],
    ['README.md', 'http://example.com'],
  ])('refuses the link of %s to %s', (page, target) => {
    expect(problemOf(page, target)).toBeDefined()
  })
})

test('The addresses in package.json are those of one repository', () => {
  expect(manifest.homepage).toBe(`${repository}#readme`)
  expect(manifest.bugs.url).toBe(`${repository}/issues`)
})

test('The index of the documentation links every page', () => {
  const linked = linkTargets(readPage('docs/README.md')).map((target) => posix.join('docs', target))
  const decisions = linkTargets(readPage('docs/decisions/README.md')).map((target) =>
    posix.join('docs/decisions', target),
  )
  const pages = allPages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
  expect(pages.filter((page) => !linked.includes(page) && !decisions.includes(page))).toEqual([])
})
