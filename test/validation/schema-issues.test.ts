import { expect, test } from 'vitest'
import { SECRET, schemaOf, startService } from './service.ts'

const config = (value: unknown) => value as never

test.each([
  ['a value', SECRET],
  ['a value that looks like a code', `too_small_${SECRET}`],
  ['an object', { toString: () => SECRET }],
  ['a number', 4_711_4711],
])('The code of an issue of a foreign schema is not shown if it is %s', async (_, code) => {
  let isSpoilt = false
  const schema = schemaOf((value) =>
    isSpoilt ? ({ issues: [{ message: SECRET, path: ['db'], code }] } as never) : { value: config(value) },
  )
  const service = await startService({ schema })
  isSpoilt = true
  service.source.put({ log: { level: 'info' } })
  await service.clock.advance(0)
  const { last } = service.reloader.status()
  expect(last).toMatchObject({ outcome: 'rejected', failures: [{ code: 'schema.invalid' }] })
  expect(JSON.stringify([last, service.logs])).not.toMatch(/s3cret|47114711/i)
  expect(JSON.stringify([last, service.logs])).not.toContain(SECRET)
  await service.reloader.close()
})

test("The code of an issue is shown if it is one of zod's own", async () => {
  let isSpoilt = false
  const schema = schemaOf((value) =>
    isSpoilt ? ({ issues: [{ message: '', path: ['db'], code: 'too_big' }] } as never) : { value: config(value) },
  )
  const service = await startService({ schema })
  isSpoilt = true
  service.source.put({ log: { level: 'info' } })
  await service.clock.advance(0)
  expect(service.reloader.status().last).toMatchObject({ failures: [{ detail: 'too_big' }] })
  await service.reloader.close()
})
