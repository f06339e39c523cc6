// A service's process without any error handler, so that everything uncaught ends it.
import { misdeeds } from './misdeeds.ts'
import { createSpoiledService, type Place, places } from './spoiled-service.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const ignore = (): void => {}

const suffer = async (place: Place, misdeed: () => unknown): Promise<string> => {
  const { clock, source, reloader, seen, spoil, heal, lease, use, breakWatch } = createSpoiledService(place, misdeed)
  const started = reloader.start()
  await clock.advance(200)
  await started
  spoil()
  for (let version = 1; version <= 3; version++) {
    source.put({ version })
    lease().catch(ignore)
    use().catch(ignore)
    reloader.reload().catch(ignore)
    reloader.plan(JSON.stringify({ version: 90 + version }), { prepare: true }).catch(ignore)
    await clock.advance(300)
    breakWatch()
    await clock.advance(300)
    reloader.status()
    await turn()
  }
  heal()
  await clock.advance(1_000)
  source.put({ version: 77 })
  await clock.advance(5_000)
  const problems: string[] = []
  if (reloader.config.version !== 77) problems.push(`serves ${reloader.config.version}`)
  if (reloader.status().state !== 'committed') problems.push(`rests ${reloader.status().state}`)
  if (seen() !== 77) problems.push(`the listener has seen ${seen()}`)
  spoil()
  const closed = reloader.close()
  await clock.advance(5_000)
  await closed
  if (clock.pending() !== 0) problems.push(`${clock.pending()} timers left`)
  await turn()
  return problems.join(', ')
}

const [first = ''] = process.argv.slice(2)
for (const place of places.filter((one) => first === '' || one === first)) {
  for (const [name, misdeed] of Object.entries(misdeeds)) {
    process.stdout.write(`${place} ${name}: `)
    process.stdout.write(`${(await suffer(place, misdeed)) || 'ok'}\n`)
  }
}
await turn()
process.stdout.write('done\n')
