import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../support/etcd-server.ts'
import type { Word } from './board.ts'
import type { Target, View } from './model.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const service = fileURLToPath(new URL('./service.ts', import.meta.url))
const ANSWER_WITHIN_MS = 10_000

/** Why a cell has failed. */
export class Finding extends Error {
  readonly word: Word
  /** A figure for the table. */
  readonly figure: string | undefined
  constructor(word: Word, why: string, figure?: string) {
    super(why)
    this.word = word
    this.figure = figure
  }
}

/** A service in a process of its own. */
export interface ServiceProcess {
  /** Throws a finding where the process has ended or does not answer. */
  readonly look: () => Promise<View>
  readonly stop: () => void
}

/** Starts the service with one peer; `sample` has it read its config every millisecond. */
export const startService = async (peer: string, target: Target, sample: boolean): Promise<ServiceProcess> => {
  const [nacosPort = 0] = await freePorts(1)
  const child = fork(service, [peer, JSON.stringify(target), sample ? 'sample' : ''], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      AZURE_APP_CONFIGURATION_TRACING_DISABLED: 'TRUE',
      // Processes on one machine share one nacos client by this port: here each has its own.
      NODE_CLUSTER_CLIENT_PORT: `${nacosPort}`,
    },
  })
  let lastWords = ''
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (text) => {
      if (/^\s*(\w*Error|\[?\w+ \[?\w*Error)\b/.test(text)) lastWords = text.trim()
    })
  }
  let end: Finding | undefined
  const answers = new Map<number, (view: View) => void>()
  const gone: ((finding: Finding) => void)[] = []
  const ended = new Promise<never>((_, reject) => gone.push(reject))
  ended.catch(() => undefined)
  child.on('close', (code, signal) => {
    end = new Finding('ended', `the process ended (${signal ?? `exit code ${code}`}): ${lastWords || 'no error shown'}`)
    for (const tell of gone) tell(end)
  })
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: { readonly id?: number; readonly view?: View }) => {
      const { id, view } = message
      if (id === undefined || view === undefined) return resolve()
      answers.get(id)?.(view)
      answers.delete(id)
    })
  })
  await Promise.race([ready, ended])
  let asked = 0
  const look = async (): Promise<View> => {
    if (end !== undefined) throw end
    asked += 1
    const id = asked
    const answered = new Promise<View>((resolve) => answers.set(id, resolve))
    child.send(id, () => undefined)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Finding('blocked', 'the process lives but does not answer')),
        ANSWER_WITHIN_MS,
      )
    })
    return Promise.race([answered, ended, late]).finally(() => clearTimeout(timer))
  }
  return { look, stop: () => child.kill('SIGKILL') }
}
