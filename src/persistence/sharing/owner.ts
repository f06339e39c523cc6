import { hostname } from 'node:os'
import { crypto } from '../../model/data/digest.ts'
import { fs } from '../node-fs.ts'
import { hasInstance } from './stores-in-use.ts'

/** The reloader that wrote something, and its process. */
export interface Owner {
  readonly host: string
  /** The boot of the machine; empty if the system does not tell. */
  readonly boot: string
  /** The namespace in which `pid` counts; empty if the system does not tell. */
  readonly space: string
  readonly pid: number
  /** When the process started, in ticks since the boot; empty if the system does not tell. Tells a reused `pid`. */
  readonly started: string
  /** The thread and a random token: a process may have many reloaders, one after the other. */
  readonly instance: string
}

/** What is known of an owner. Whether a process of another host lives cannot be told. */
export type OwnerState = 'alive' | 'dead' | 'unknown'

/** The processes as one reloader sees them. Tests and simulations bring their own. */
export interface Processes {
  readonly self: Owner
  readonly stateOf: (owner: Owner) => OwnerState
}

/** Returns the processes of the operating system, with a new owner for this process. */
export const systemProcesses = (): Processes => {
  const self: Owner = {
    host: hostname(),
    boot: quietly(() => fs().readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    space: quietly(() => fs().readlinkSync('/proc/self/ns/pid')) ?? '',
    pid: process.pid,
    started: statOf(process.pid)?.started ?? '',
    instance: `${process.getBuiltinModule('node:worker_threads').threadId}.${crypto().randomBytes(8).toString('hex')}`,
  }
  return { self, stateOf: (owner) => ownerState(owner, self) }
}

/** What `self` can tell about an owner. */
export const ownerState = (owner: Owner, self: Owner, look: (pid: number) => ProcessState = lookAt): OwnerState => {
  const isSameSpace = owner.boot === self.boot && owner.space === self.space
  // Without a boot id, the name of the host is all that tells one machine from another.
  const isHere = isSameSpace && (self.boot === '' ? owner.host === self.host : true)
  // A name that has stayed: the machine was started again, or the container was.
  if (!isHere) return owner.host === self.host ? 'dead' : 'unknown'
  if (owner.pid === self.pid && owner.started === self.started) return instanceState(owner, self)
  const { isRunning, started } = look(owner.pid)
  const isSame = owner.started === '' || started === '' || started === owner.started
  return isRunning && isSame && owner.pid !== self.pid ? 'alive' : 'dead'
}

/** Another reloader of this process. One of another thread cannot be seen, and lives no longer than the process. */
const instanceState = (owner: Owner, self: Owner): OwnerState => {
  const threadOf = ({ instance }: Owner): string | undefined => instance.split('.', 1)[0]
  if (owner.instance === self.instance || threadOf(owner) !== threadOf(self)) return 'alive'
  return hasInstance(owner.instance) ? 'alive' : 'dead'
}

interface ProcessState {
  readonly isRunning: boolean
  /** Empty if the system does not tell. */
  readonly started: string
}

const lookAt = (pid: number): ProcessState => {
  const stat = statOf(pid)
  // A process that has ended keeps its id until its parent has asked for it.
  if (stat !== undefined) return { isRunning: !/[ZXx]/.test(stat.state), started: stat.started }
  return { isRunning: isRunning(pid), started: '' }
}

/** True if there is a process of this id, of whichever user. */
export const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** Fields 3 and 22 of `/proc/<pid>/stat`: the name of the process before them may contain anything. */
const statOf = (pid: number): { readonly state: string; readonly started: string } | undefined => {
  const text = quietly(() => fs().readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const [state, started] =
    text
      ?.slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .filter((_, index) => index === 0 || index === 19) ?? []
  return state === undefined || started === undefined ? undefined : { state, started }
}

const quietly = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}
