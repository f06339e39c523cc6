import { writeFile } from 'node:fs/promises'
import { extname, join, relative, resolve } from 'node:path'
import { changeoverError } from '../../model/failure.ts'
import type { Schema } from '../../model/schema.ts'
import { Checker } from '../check/checker.ts'
import { firstDocument } from '../check/first-document.ts'
import type { Context } from '../context/context.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { loadExport } from '../target/config-file.ts'
import { noProject } from '../target/project.ts'
import type { Command } from '../context/command.ts'

const OWNER_ONLY = 0o600

export const init: Command = {
  name: 'init',
  usage: '',
  summary: "Writes a changeover.config.ts, and a first document of the schema's defaults.",
  flags: {
    schema: {
      type: 'string',
      value: 'FILE#NAME',
      help: 'the module that exports the schema; a small one of zod if it is left out',
    },
  },
  examples: [
    ['changeover init --schema ./src/config.ts#Config', 'for a file, config.json'],
    ['changeover init --hosts http://127.0.0.1:2379 --key /app/config', 'for a key of etcd'],
  ],
  run: async (context) => {
    context.atMost(0)
    const { cwd } = context.io
    const reference = context.text('schema')
    const isEtcd = context.flags.hosts !== undefined
    const document = context.text('file') ?? 'config.json'
    const config = join(cwd, 'changeover.config.ts')
    const schema = reference === undefined ? undefined : ((await loadExport(reference, cwd)) as Schema)
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
      throw changeoverError('command.config-failed', { detail: `${reference} is no Standard Schema` })
    }
    const first = schema === undefined ? STARTER_DOCUMENT : firstDocument(schema)
    const text = `${JSON.stringify(first, undefined, 2)}\n`
    await create(config, configText(context, reference, document, isEtcd))
    await create(resolve(cwd, document), text)
    const open = schema === undefined ? [] : await faultsOf(schema, text)
    context.out.say(`Wrote changeover.config.ts and ${document}.`)
    for (const fault of open) context.out.say(`  to fill in: ${fault}`)
    context.out.say(
      isEtcd ? `Next: changeover publish ${document} -m "first document"` : `Next: changeover check ${document}`,
    )
    return { exit: exitCodes.done, json: { config: 'changeover.config.ts', document, toFillIn: open } }
  },
}

const faultsOf = async (schema: Schema, text: string): Promise<readonly string[]> => {
  try {
    await new Checker({ ...noProject, schema }, 'json', false).check(text)
    return []
  } catch (error) {
    const { failures = [] } = error as { readonly failures?: readonly { readonly message: string }[] }
    return failures.map(({ message }) => message)
  }
}

/** Never replaces a file. */
const create = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { flag: 'wx', mode: OWNER_ONLY })
  } catch (error) {
    throw changeoverError('command.file-failed', { detail: path }, error)
  }
}

const STARTER_DOCUMENT = { log: { level: 'info' } }

const STARTER_SCHEMA = `
const schema = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) }),
})
`

const configText = (context: Context, reference: string | undefined, document: string, isEtcd: boolean): string => {
  const [file = '', name = 'default'] = (reference ?? '').split('#')
  const path = relative(context.io.cwd, resolve(context.io.cwd, file))
  const specifier = path.startsWith('.') ? path : `./${path}`
  const schemaImport =
    reference === undefined
      ? `import { z } from 'zod'\n${STARTER_SCHEMA}`
      : `import ${name === 'default' ? 'schema' : `{ ${name} as schema }`} from '${specifier}'\n`
  const source = isEtcd
    ? `etcdSource({ hosts: ${JSON.stringify(context.text('hosts')?.split(','))}, key: ${JSON.stringify(context.text('key') ?? '/app/config')} })`
    : `fileSource({ path: new URL(${JSON.stringify(document)}, import.meta.url)${formatOption(document)} })`
  const [factory, entry] = isEtcd ? ['etcdSource', 'etcd'] : ['fileSource', 'file']
  return `import { ${factory} } from 'changeover/${entry}'
${schemaImport}
// The service passes the same object to createReloader, so that the command checks what the service will.
export default {
  source: ${source},
  schema,
  policies: [],
  public: [],
}
`
}

const formatOption = (document: string): string => {
  const format = { '.yaml': 'yaml', '.yml': 'yaml', '.toml': 'toml', '.jsonc': 'jsonc' }[extname(document)]
  return format === undefined ? '' : `, format: '${format}'`
}
