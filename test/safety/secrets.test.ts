import { expect, test } from 'vitest'
import type { InspectionEvent } from 'xstate'
import type { Process } from './process.ts'
import { createWorld, documentOf, SOAK_MS, type World } from './world.ts'

/** All that a story of failures, restarts and orders leaves behind, as text. */
const tellStory = async () => {
  const frames: string[] = []
  const errors: string[] = []
  const statuses: string[] = []
  const inspect = (event: InspectionEvent): void => {
    frames.push(
      JSON.stringify(event, (key, value: unknown) => (/^(actorRef|rootId|sourceRef)$/.test(key) ? undefined : value)) ??
        '',
    )
  }
  const world = createWorld({ boot: { confirm: { withinMs: 60_000 }, inspect, maxAttempts: 1, build: 'one' } })
  const look = (process: Process): void => void statuses.push(JSON.stringify(process.reloader.status()))
  const failing = (process: Process) =>
    process.modules.b.script('check', () =>
      Promise.reject(Object.assign(new Error('s3cret'), { code: 's3cret', name: 's3cret' })),
    )
  const note = (call: Promise<unknown>): void =>
    void call.catch((error: unknown) =>
      errors.push(JSON.stringify(error), String(error), String((error as Error).stack)),
    )

  const first = await world.up({}, SOAK_MS)
  world.source.put(documentOf(2))
  await first.advance(SOAK_MS)
  look(first)
  note(first.reloader.confirm('wrong'))
  note(first.reloader.confirm(first.reloader.status().confirmation?.transaction ?? ''))
  await first.advance(100)
  failing(first)
  world.source.put(documentOf(3))
  await first.advance(SOAK_MS)
  look(first)
  world.source.put(documentOf(3, { note: 's3cret' }))
  await first.advance(1_000)
  look(first)
  note(first.reloader.revert({ to: 's3cret' }))
  note(first.reloader.revert())
  await first.advance(1_000)
  look(first)
  first.kill()

  world.kept.save('rejects')
  const second = await world.up({}, SOAK_MS)
  look(second)
  note(second.reloader.reload())
  world.kept.save('well')
  note(second.reloader.unfreeze())
  await second.advance(1_000)
  look(second)
  second.kill()
  world.kept.entries.set('good', `${world.kept.entries.get('good')} s3cret`)
  const third = await world.up({}, 100_000)
  look(third)
  note(third.reloader.retry())
  note(third.reloader.release({ digest: 's3cret' }))
  await third.advance(1_000)
  await third.close()
  return { world, frames, errors, statuses }
}

const journalsOf = (world: World): string[] =>
  world.kept.saves.filter(({ name }) => name === 'journal').map(({ text }) => text)

test('No config value is in the journal, in status(), in records, logs, errors or inspector frames; the goods hold the documents', async () => {
  const { world, frames, errors, statuses } = await tellStory()
  const lines = world.processes.flatMap((process) => process.lines.map(({ text }) => text))
  const records = world.processes.flatMap((process) => process.records.map((record) => JSON.stringify(record)))
  const journals = journalsOf(world)
  for (const texts of [journals, statuses, records, lines, errors, frames]) expect(texts.length).toBeGreaterThan(3)
  const shown = { journals, statuses, records, lines, errors, frames }
  for (const [what, texts] of Object.entries(shown)) {
    expect(texts.filter((text) => text.includes('s3cret')).map((text) => `${what}: ${text.slice(0, 300)}`)).toEqual([])
  }
  const goods = world.kept.saves.filter(({ name }) => name !== 'journal')
  expect(goods.every(({ text }) => text.includes('s3cret-'))).toBe(true)
})

test('The journal holds names, digests, counts and times, and nothing else', async () => {
  const { world } = await tellStory()
  const keys = new Set<string>()
  for (const text of journalsOf(world)) {
    JSON.parse(text.slice(text.indexOf('\n')), (key, value: unknown) => {
      if (key !== '' && !/^\d+$/.test(key)) keys.add(key)
      return value
    })
  }
  expect([...keys].sort()).toEqual(
    'attempts build causeCode code confirm count deaths digest digestKey frozen isOpen module phase quarantine reason revertTo revision since startedAt until'
      .split(' ')
      .filter((key) => keys.has(key)),
  )
})
