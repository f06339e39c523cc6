import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { useBundle } from '../../support/bundled-program.ts'

export interface MountedStatus {
  readonly serving: number
  readonly inSync: boolean
  readonly state: string
  readonly lastError?: string
  /** How many lines of the log say that it is detached. */
  readonly reports: number
}

interface MountedOptions {
  /** A shell command that runs after the mount and before the service. */
  readonly before?: string
  /** Mounts a key that the document refers to, instead of the document. */
  readonly isKey?: boolean
  /** Mounts the folder of the file instead of the file. */
  readonly mountsFolder?: boolean
}

/**
 * Returns a function that runs a service in a mount namespace of its own, in which `host.json` is mounted at
 * `mounted.json`, as a container engine does it. The service ends with the test. Call it outside of tests.
 */
export const useMounted = () => {
  const program = useBundle(new URL('./mounted-child.ts', import.meta.url))
  return (options: MountedOptions = {}) => runMounted(program(), options)
}

const runMounted = async (program: string, { before = '', isKey = false, mountsFolder = false }: MountedOptions) => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-mount-'))
  await mkdir(join(folder, 'folder'))
  await mkdir(join(folder, 'mounted'))
  const config = (n: number): string => JSON.stringify({ n, keyFile: join(folder, 'mounted.json') })
  const host = mountsFolder ? 'folder/host.json' : 'host.json'
  await writeFile(join(folder, host), isKey ? 'key 1' : config(1))
  await writeFile(join(folder, 'next'), isKey ? 'key 2' : config(2))
  await writeFile(join(folder, 'config.json'), config(1))
  await writeFile(join(folder, 'mounted.json'), '')
  const mount = mountsFolder ? 'mount --bind folder mounted' : 'mount --bind host.json mounted.json'
  const path = mountsFolder ? 'mounted/host.json' : isKey ? 'config.json' : 'mounted.json'
  const run = `exec "${process.execPath}" "${program}" "${join(folder, path)}"`
  const script = `cd "${folder}" && ${mount} && ${before || 'true'} && ${run}`
  const service = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => service.once('exit', () => resolve()))
  const lines = createInterface({ input: service.stdout })[Symbol.asyncIterator]()
  const command = async (name: string): Promise<unknown> => {
    service.stdin.write(`${name}\n`)
    const { value } = await lines.next()
    return JSON.parse(value ?? 'null')
  }
  onTestFinished(async () => {
    service.stdin.end()
    await exited
    await rm(folder, { recursive: true })
  })
  await lines.next() // it has started
  return {
    command,
    status: async (): Promise<MountedStatus> => (await command('status')) as MountedStatus,
    /** Runs a shell command in the folder and the namespace of the mount: what it renames is what the mount holds. */
    onHost: (shell: string): void => void service.stdin.write(`sh ${JSON.stringify(`cd "${folder}"; ${shell}`)}\n`),
  }
}
