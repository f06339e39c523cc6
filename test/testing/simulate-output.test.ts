import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  faults,
  parseScenario,
  replay,
  runScenario,
  type Scenario,
  type SimulateOptions,
  type SimulationError,
  scenario,
  scenarioCode,
  scenarioText,
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
import {
  type Config,
  documentOf,
  documents,
  hangingDb,
  scenarioFromCode,
  simulationErrorOf,
  subjectOf,
  subjectWithoutRollback,
} from './simulate-fixtures.ts'

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

const findBroken = (more: Partial<SimulateOptions<Config>> = {}): Promise<SimulationError> =>
  simulationErrorOf(simulate({ ...subjectWithoutRollback(), documents, runs: 400, seed: 3, ...more }))

let found: Promise<SimulationError> | undefined

/** Searches for the broken history once. */
const brokenHistory = async (): Promise<SimulationError & { readonly scenario: Scenario }> => {
  found ??= findBroken()
  return (await found) as SimulationError & { readonly scenario: Scenario }
}

describe('The code of a scenario', () => {
  it('builds the same scenario, whatever it contains', () => {
    const arbitrary = scenariosOf(fc, documents, modulesOf(subjectOf()), true)
    for (const sample of fc.sample(arbitrary, { numRuns: 300, seed: 1 })) {
      expect({ ...scenarioFromCode(scenarioCode(sample)), name: undefined }).toEqual({ ...sample, name: undefined })
      expect(parseScenario(scenarioText(sample))).toEqual(sample)
    }
  })

  it('quotes names and documents correctly', () => {
    const odd = { ...hangingDb().build(), name: "it's `odd` ${x}\n*/" }
    const module = "d'b"
    const code = scenarioCode({
      ...odd,
      faults: [{ module, phase: 'prepare', call: 1, kind: 'hang' }],
      last: '\u2028</script>',
    })
    expect(scenarioFromCode(code)).toMatchObject({ name: odd.name, faults: [{ module }], last: '\u2028</script>' })
  })

  it('compiles as printed, and breaks the same invariant in a process of its own', { timeout: 120_000 }, async () => {
    const error = await brokenHistory()
    const printed = scenarioCode(error.scenario)
    expect(error.message).toContain(printed)
    const folder = await folderIn(join(root, '.cache'))
    const file = join(folder, 'pasted.ts')
    const subject = `import { subjectWithoutRollback } from '../../test/testing/simulate-fixtures.ts'`
    await writeFile(file, `${subject}\n\nconst subject = subjectWithoutRollback()\n\n${printed}\n`)
    const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: { paths: Record<string, string[]> }
    }
    const absolute = (targets: string[]) => targets.map((target) => join(root, target))
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths).map(([name, targets]) => [name, absolute(targets)]),
    )
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: true, paths },
      include: ['pasted.ts'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const types = await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { cwd: root }).catch(
      ({ stdout }) => ({ stdout }),
    )
    expect(types.stdout).toBe('')
    const ended = await run(process.execPath, ['--import', 'tsx', file], { cwd: root }).catch(({ stderr }) => ({
      stderr,
    }))
    expect(ended.stderr).toContain('the database has the value of the config: it has another value')
  })
})

describe('A broken history', () => {
  it('is written to `keepIn` as JSON and as a page, and the error names both files', async () => {
    const keepIn = join(await folderIn(tmpdir()), 'not', 'there', 'yet')
    const subject = { ...subjectWithoutRollback(), keepIn }
    const error = await findBroken({ keepIn })
    const { json = '', html = '' } = error
    expect(dirname(json)).toBe(keepIn)
    expect(error.message).toContain(`written to ${html} and ${json}`)
    const kept = parseScenario(await readFile(json, 'utf8'))
    expect(kept.name).toContain('the database has the value of the config')
    expect((await simulationErrorOf(replay(kept, subject))).violations).toEqual(error.violations)
    const page = await readFile(html, 'utf8')
    expect(page).toContain('✗ broken: the database has the value of the config: it has another value')
    expect(page).toContain('As code to paste')
    const ofScenario = await simulationErrorOf(
      scenario('My case!')
        .start(documentOf(1))
        .fault('flags.apply', faults.reject(), 2)
        .put(documentOf(2))
        .run(subject),
    )
    expect(ofScenario.html).toBe(join(keepIn, 'my-case.html'))
  })

  it('has a result that can be drawn without files, and that printing the error does not repeat', async () => {
    const error = await brokenHistory()
    expect(error.html).toBeUndefined()
    if (error.result === undefined) throw new Error('no result')
    expect(traceLines(error.result)).toContain('✗ broken')
    expect(error.message).toContain(traceLines(error.result))
    expect(Object.keys(error)).not.toContain('result')
    expect(JSON.parse(error.message.split('\n').at(-1) ?? '')).toEqual(error.scenario)
  })

  it('is printed as it was found, then as it was shrunk', async () => {
    const { message, original, scenario: smallest } = await brokenHistory()
    if (original === undefined) throw new Error('no scenario')
    const [head = '', found = '', shrunk = ''] = message.split(/^As it was (?:found|shrunk):$/m)
    expect(head).toContain('seed 3, path ')
    expect(found.trim()).toBe(scenarioCode(original))
    expect(shrunk).toContain(scenarioCode(smallest))
    expect(JSON.stringify(smallest).length).toBeLessThan(JSON.stringify(original).length)
  })

  it('has a trace that ends when the invariant breaks', async () => {
    const error = await brokenHistory()
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

  it('is drawn as one self-contained page in which text never becomes markup', async () => {
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

  it('is drawn as a valid Mermaid sequence diagram', async () => {
    const lines = traceMermaid(await play()).split('\n')
    expect(lines[0]).toBe('sequenceDiagram')
    for (const line of lines.slice(1)) {
      expect(line).toMatch(/^ {2}(participant \w+( as [^;#]+)?|Note over \w+: [^;#]+|\w+--?>>\w+: [^;#]+)$/)
      expect(line).not.toContain('%%')
    }
    expect(lines).toContain('  participant m1 as end')
  })

  it('is printed in virtual time, with one line for a call that ends at once', async () => {
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
