import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Applier } from 'changeover'
import {
  faults,
  parseScenario,
  replay,
  runScenario,
  type Scenario,
  scenario,
  scenarioCode,
  scenarioText,
  SimulationError,
  simulate,
  traceHtml,
  traceLines,
  traceMermaid,
} from 'changeover/testing'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scenariosOf } from '../../src/testing/simulate/scenario/arbitrary.ts'
import { modulesOf } from '../../src/testing/simulate/scenario/subject.ts'
import { documentOf, documents, hangingDb, subjectOf } from './simulate-subject.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const made: string[] = []

const folderIn = async (parent: string): Promise<string> => {
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'simulate-output-'))
  made.push(folder)
  return folder
}

afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))))

const caught = async (work: PromiseLike<unknown>): Promise<SimulationError & { readonly scenario: Scenario }> => {
  const error: unknown = await Promise.resolve(work).catch((thrown: unknown) => thrown)
  if (!(error instanceof SimulationError) || error.scenario === undefined) throw new Error('nothing broke')
  return error as SimulationError & { readonly scenario: Scenario }
}

/** Its rollback does nothing, which is said by an invariant. */
const forgetful = () => {
  let serves = 0
  const db = (): Applier<{ value: number }, { value: number }> => ({
    prepare: (slice) => ({
      instance: slice,
      commit: () => {
        serves = slice.value
        return undefined
      },
    }),
  })
  return subjectOf(db, {
    invariants: {
      'the database has the value of the config': ({ config }) => {
        if (serves !== config.db.value) throw new Error('it has another')
      },
    },
  })
}

let finding: ReturnType<typeof caught> | undefined

/** What simulate finds of it, searched for once. */
const found = () => (finding ??= caught(simulate({ ...forgetful(), documents, runs: 400, seed: 3 })))

describe('The code of a scenario', () => {
  it('builds that very scenario, whatever is in it', () => {
    const arbitrary = scenariosOf(fc, documents, modulesOf(subjectOf()))
    for (const sample of fc.sample(arbitrary, { numRuns: 300, seed: 1 })) {
      const code = scenarioCode(sample).replace(/^import .*$/m, '')
      const built = code
        .replace('await scenario', 'return scenario')
        .replace(/\n {2}\.run\(subject\)[\s\S]*/, '.build()')
      const again = new Function('scenario', 'faults', built)(scenario, faults) as Scenario
      expect({ ...again, name: undefined }).toEqual({ ...sample, name: undefined })
      expect(parseScenario(scenarioText(sample))).toEqual(sample)
    }
  })

  it('quotes names and documents as they must be', () => {
    const odd = { ...hangingDb().build(), name: "it's `odd` ${x}\n*/" }
    const module = "d'b"
    const code = scenarioCode({
      ...odd,
      faults: [{ module, phase: 'prepare', call: 1, kind: 'hang' }],
      last: '\u2028</script>',
    })
    const built = code.replace(/^import .*$/m, '').replace('await scenario', 'return scenario')
    const again = new Function('scenario', 'faults', built.replace(/\n {2}\.run\(subject\)[\s\S]*/, '.build()'))(
      scenario,
      faults,
    )
    expect(again).toMatchObject({ name: odd.name, faults: [{ module }], last: '\u2028</script>' })
  })

  it('compiles as it was printed, and breaks the same when it is run alone', { timeout: 120_000 }, async () => {
    const error = await found()
    const printed = scenarioCode(error.scenario)
    expect(error.message).toContain(printed)
    const folder = await folderIn(join(root, '.cache'))
    const file = join(folder, 'pasted.ts')
    const test = join(root, 'test', 'testing')
    const modules = `import { subjectOf } from '../../test/testing/simulate-subject.ts'`
    const source = await readFile(join(test, 'simulate-output.test.ts'), 'utf8')
    const own = /const forgetful = [\s\S]*?\n}\n/.exec(source)?.[0] ?? ''
    const text = `${modules}\nimport type { Applier } from 'changeover'\n${own}\nconst subject = forgetful()\n\n${printed}\n`
    await writeFile(file, text)
    const config = { extends: '../../tsconfig.json', compilerOptions: { noEmit: true }, include: ['pasted.ts'] }
    const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: { paths: Record<string, string[]> }
    }
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths).map(([name, targets]) => [
        name,
        targets.map((target) => join(root, target)),
      ]),
    )
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ ...config, compilerOptions: { noEmit: true, paths } }),
    )
    const types = await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { cwd: root }).catch(
      ({ stdout }) => ({ stdout }),
    )
    expect(types.stdout).toBe('')
    const ended = await run(process.execPath, ['--import', 'tsx', file], { cwd: root }).catch(({ stderr }) => ({
      stderr,
    }))
    expect(ended.stderr).toContain('the database has the value of the config: it has another')
  })
})

describe('A history that breaks', () => {
  it('is written where one asks for it, as JSON and as a page, and the error names both', async () => {
    const keepIn = join(await folderIn(tmpdir()), 'not', 'there', 'yet')
    const subject = { ...forgetful(), keepIn }
    const error = await caught(simulate({ ...subject, documents, runs: 400, seed: 3 }))
    const { json = '', html = '' } = error
    expect(dirname(json)).toBe(keepIn)
    expect(error.message).toContain(`drawn in ${html}, kept in ${json}`)
    const kept = parseScenario(await readFile(json, 'utf8'))
    expect(kept.name).toContain('the database has the value of the config')
    expect((await caught(replay(kept, subject))).violations).toEqual(error.violations)
    const page = await readFile(html, 'utf8')
    expect(page).toContain('✗ broken: the database has the value of the config: it has another')
    expect(page).toContain('As code to paste')
    const ofScenario = await caught(
      scenario('My case!')
        .start(documentOf(1))
        .fault('flags.apply', faults.reject(), 2)
        .put(documentOf(2))
        .run(subject),
    )
    expect(ofScenario.html).toBe(join(keepIn, 'my-case.html'))
  })

  it('carries its result, so that it can be drawn without files, and is not printed whole', async () => {
    const error = await found()
    expect(error.html).toBeUndefined()
    if (error.result === undefined) throw new Error('no result')
    expect(traceLines(error.result)).toContain('✗ broken')
    expect(error.message).toContain(traceLines(error.result))
    expect(Object.keys(error)).not.toContain('result')
    expect(JSON.parse(error.message.split('\n').at(-1) ?? '')).toEqual(error.scenario)
  })

  it('says in its trace when it broke, and nothing of what came after', async () => {
    const error = await found()
    expect(error.result?.trace.at(-1)?.what.kind).toBe('broken')
  })
})

describe('A trace', () => {
  const nasty = z.strictObject({ log: z.string(), db: z.string() })
  const markup = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\'`&;#%%'
  const play = () =>
    scenario(markup)
      .start({ log: 'a', db: 'a' })
      .put({ log: markup, db: 'b' })
      .last({ log: 'a', db: 'a' })
      .run({
        schema: nasty,
        modules: (reloader) =>
          reloader
            .use('end', (c) => c.log, { prepare: (slice: string) => ({ instance: slice }) })
            .use('<b>;#', (c) => c.db, { prepare: (slice: string) => ({ instance: slice }) }),
      })

  it('is drawn as one page that needs nothing else, and whose text is never markup', async () => {
    const result = await play()
    const page = traceHtml(result, markup, scenario(markup).start(markup).build())
    expect(page).toContain(`default-src 'none'`)
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;')
    for (const [tag] of page.matchAll(/<[a-z!][^>]*>/gi))
      expect(tag).not.toMatch(/\b(src|href|srcset|action|style|on\w+)\s*=/i)
    expect(/<style>([\s\S]*?)<\/style>/.exec(page)?.[1]).not.toMatch(/url\(|@import/)
    const tags = new Set([...page.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase()))
    expect([...tags].sort()).toEqual(
      [
        '!doctype',
        'body',
        'details',
        'div',
        'h1',
        'head',
        'html',
        'meta',
        'p',
        'pre',
        'style',
        'summary',
        'table',
        'tbody',
        'td',
        'th',
        'thead',
        'title',
        'tr',
      ].sort(),
    )
    expect(page).toContain('Every invariant held.')
    for (const lane of ['virtual time', 'what happens', 'reloader', 'end'])
      expect(page).toContain(`<th scope="col">${lane}</th>`)
  })

  it('is drawn as a mermaid sequence whose lines are of that language', async () => {
    const lines = traceMermaid(await play()).split('\n')
    expect(lines[0]).toBe('sequenceDiagram')
    for (const line of lines.slice(1)) {
      expect(line).toMatch(/^ {2}(participant \w+( as [^;#]+)?|Note over \w+: [^;#]+|\w+--?>>\w+: [^;#]+)$/)
      expect(line).not.toContain('%%')
    }
    expect(lines).toContain('  participant m1 as end')
  })

  it('is text in virtual time, in which a call that ends at once is one line', async () => {
    const result = await runScenario(hangingDb().build(), subjectOf())
    const lines = traceLines(result).split('\n')
    expect(lines.filter((line) => line.includes('log.prepare'))).not.toContainEqual(
      expect.stringContaining('log.prepare …'),
    )
    expect(lines.some((line) => /^ +1[01]00 ms {2}p1 /.test(line))).toBe(true)
    expect(lines).toContainEqual(expect.stringContaining('db.prepare ✗ hang'))
    expect(lines.length).toBeLessThan(result.trace.length)
  })
})
