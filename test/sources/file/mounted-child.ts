import { execSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createReloader } from 'changeover'
import { fileSource } from 'changeover/file'
import { z } from 'zod'

// A service whose config is in a file that is mounted. It obeys the lines of its standard input.

const [, , path = ''] = process.argv
let reports = 0
const log = (data: object): void => {
  if (JSON.stringify(data).includes('"code":"source.detached"')) reports += 1
}
const reloader = createReloader({
  source: fileSource({ path, alsoWatch: (text) => [JSON.parse(text).keyFile], pollMs: 50 }),
  schema: z.strictObject({ n: z.number(), keyFile: z.string() }),
  logger: { debug: log, info: log, warn: log, error: log },
})

const answer = (value: unknown): void => console.log(JSON.stringify(value))

const status = (): object => {
  const { inSync, source } = reloader.status()
  const { state, lastError } = source
  return { serving: reloader.config.n, inSync, state, lastError: lastError?.code, reports }
}

await reloader.start()
answer('started')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'status') answer(status())
  else if (line === 'reload') answer((await reloader.reload()).outcome)
  else execSync(JSON.parse(line.slice('sh '.length)))
}
await reloader.close()
