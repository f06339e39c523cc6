import { expect, test } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { errorWithSecrets, secret, secretsIn } from '../support/secrets.ts'
import type { Process } from './process.ts'
import { createDeployment, documentOf, SOAK_MS, type Deployment } from './deployment.ts'

/** Plays failures, restarts and commands, and returns everything they leave behind, as text. */
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
  const deployment = createDeployment({
    boot: { confirm: { withinMs: 60_000 }, inspect, maxAttempts: 1, build: 'one' },
  })
  const look = (process: Process): void => void statuses.push(JSON.stringify(process.reloader.status()))
  const failing = (process: Process) =>
    process.modules.b.script('check', () => Promise.reject(errorWithSecrets('check')))
  const note = (call: Promise<unknown>): void =>
    void call.catch((error: unknown) =>
      errors.push(JSON.stringify(error), String(error), String((error as Error).stack)),
    )

  const first = await deployment.up({}, SOAK_MS)
  deployment.source.put(documentOf(2))
  await first.advance(SOAK_MS)
  look(first)
  note(first.reloader.confirm('wrong'))
  note(first.reloader.confirm(first.reloader.status().confirmation?.transaction ?? ''))
  await first.advance(100)
  failing(first)
  deployment.source.put(documentOf(3))
  await first.advance(SOAK_MS)
  look(first)
  deployment.source.put(documentOf(3, { note: secret('note') }))
  await first.advance(1_000)
  look(first)
  note(first.reloader.revert({ to: secret('revision') }))
  note(first.reloader.revert())
  await first.advance(1_000)
  look(first)
  first.kill()

  deployment.store.save('rejects')
  const second = await deployment.up({}, SOAK_MS)
  look(second)
  note(second.reloader.reload())
  deployment.store.save('well')
  note(second.reloader.unfreeze())
  await second.advance(1_000)
  look(second)
  second.kill()
  deployment.store.entries.set('good', `${deployment.store.entries.get('good')} ${secret('damage')}`)
  const third = await deployment.up({}, 100_000)
  look(third)
  note(third.reloader.retry())
  note(third.reloader.release({ digest: secret('digest') }))
  await third.advance(1_000)
  await third.close()
  return { deployment, frames, errors, statuses }
}

const journalsOf = (deployment: Deployment): string[] =>
  deployment.store.saves.filter(({ name }) => name === 'journal').map(({ text }) => text)

test('No config value is in the journal, in status(), in records, logs, errors or inspector frames; the good documents hold them', async () => {
  const { deployment, frames, errors, statuses } = await tellStory()
  const lines = deployment.processes.flatMap((process) => process.lines.map(({ text }) => text))
  const records = deployment.processes.flatMap((process) => process.records.map((record) => JSON.stringify(record)))
  const journals = journalsOf(deployment)
  for (const texts of [journals, statuses, records, lines, errors, frames]) expect(texts.length).toBeGreaterThan(3)
  const shown = { journals, statuses, records, lines, errors, frames }
  for (const [what, texts] of Object.entries(shown)) {
    expect(secretsIn(texts.join('\n')), what).toEqual([])
  }
  const goods = deployment.store.saves.filter(({ name }) => name !== 'journal')
  expect(goods.every(({ text }) => secretsIn(text).length > 0)).toBe(true)
})

test('The journal holds names, digests, counts and times, and nothing else', async () => {
  const { deployment } = await tellStory()
  const keys = new Set<string>()
  for (const text of journalsOf(deployment)) {
    JSON.parse(text.slice(text.indexOf('\n')), (key, value: unknown) => {
      if (key !== '' && !/^\d+$/.test(key)) keys.add(key)
      return value
    })
  }
  expect([...keys].sort()).toEqual(
    'attempts boot build by causeCode code confirm count deaths digest digestKey frozen host instance isOpen module owner phase pid quarantine reason revertTo revision since space started startedAt until'
      .split(' ')
      .filter((key) => keys.has(key)),
  )
})
