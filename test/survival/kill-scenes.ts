import { filesIn, replaceFile, type Config, type Service } from './service.ts'

/** Where a service is killed: before the step of this label, or while the system is at it. */
export interface Kill {
  readonly folder: string
  readonly label: string
  readonly when: 'before' | 'during'
}

/** A line of output. */
export interface Line {
  /** Which of the services in the process says it. */
  readonly index: number
  /** At a tick nothing can wait. */
  readonly kind: 'tick' | 'wait'
  /** The name of the step, and the how manyth of this name it is. */
  readonly label: string
}

export const lineOf = ({ index, kind, label }: Line): string => `${index} ${kind} ${label}\n`

export const parseLine = (line: string): Line => {
  const [index, kind, ...words] = line.split(' ')
  return { index: Number(index), kind: kind === 'tick' ? 'tick' : 'wait', label: words.join(' ') }
}

/** What a process that will be killed may do beside its service. */
export interface Stage {
  readonly service: Service
  readonly folder: string
  /** Names what is about to be done; it may be killed there. */
  readonly say: (name: string) => Promise<void>
  /** Resolves when the reload machine enters this state. */
  readonly state: (name: string) => Promise<void>
  /** Resolves when a transaction ends so: `committed 4`, `rolled-back`. */
  readonly record: (outcome: string) => Promise<void>
}

/** From the first line that begins so one of these is true; of several turns that were reached the last one counts. */
type Turns<T> = readonly (readonly [line: string, ...oneOf: T[]])[]

export interface KillScene {
  /** Values that have become good before, oldest first. */
  readonly goods: readonly number[]
  /** The newest good holds a document that the schema refuses by now. */
  readonly isNewestRefused?: boolean
  /** What the source holds when the process starts. */
  readonly document: Config
  readonly soakMs?: number
  readonly withinMs?: number
  /** What the process does once something serves. */
  readonly act: (stage: Stage) => Promise<void>
  /** The line before which all is as in another scene. */
  readonly from: string
  /** Goods that are on the disk at every moment. */
  readonly keeps?: readonly number[]
  /** The steps that matter, in the order that matters. */
  readonly order: readonly string[]
  /** What is served by a process that starts with the source gone. */
  readonly serves: Turns<number | undefined>
  /** What is served in the end with the source there, where changes are not frozen any more. */
  readonly ends: Turns<number>
  /** True where the death counts as one of the attempt. */
  readonly counts?: Turns<boolean>
  /** True where changes are frozen after the restart. */
  readonly freezes?: Turns<boolean>
}

const close = async ({ service, say }: Stage): Promise<void> => {
  await say('close')
  await service.reloader.close()
}

const promotion = (value: number): string[] => [`save good=${value} #1`, `sync folder good=${value} #1`]

const changes: KillScene = {
  goods: [1, 2, 3],
  document: { value: 4 },
  act: async (stage) => {
    await stage.record('committed 4')
    await close(stage)
  },
  from: '',
  keeps: [2, 3],
  order: [
    ...['load good', 'prepare a 3', 'commit a 3', 'applied c 3', 'read', 'validate 4', 'save journal'],
    ...['prepare a 4', 'prepared a 4', 'prepare b 4', 'commit a 4', 'commit b 4', 'apply c 4', 'applied c 4'],
    ...['check a 4', 'check b 4', ...promotion(4)],
    ...['record committed 4', 'close b 3', 'close #1', 'close c', 'close b 4', 'close a 4', 'state closed'],
  ],
  serves: [
    ['', 3],
    ['rename good=4', 3, 4],
    ['sync folder good=4', 4],
  ],
  ends: [['', 4]],
  counts: [
    ['', false],
    ['rename journal #1', true, false],
    ['prepare a 4', true],
    ['rename good=4', true, false],
    ['sync folder good=4', false],
  ],
}

/** The first config of all: there is nothing before it. */
const first: KillScene = {
  ...changes,
  goods: [],
  keeps: [],
  document: { value: 1 },
  act: async (stage) => {
    await stage.record('committed 1')
    await close(stage)
  },
  from: 'read',
  order: [
    'load good',
    'read',
    'save journal',
    'prepare a 1',
    'commit b 1',
    'applied c 1',
    'check a 1',
    ...promotion(1),
  ],
  serves: [
    ['', undefined],
    ['rename good=1', undefined, 1],
    ['sync folder good=1', 1],
  ],
  ends: [['', 1]],
  counts: [
    ['', false],
    ['rename journal #1', true, false],
    ['prepare a 1', true],
    ['rename good=1', true, false],
    ['sync folder good=1', false],
  ],
}

/** The newest that was kept cannot serve any more. */
const restoresOlder: KillScene = {
  goods: [1, 2, 3],
  isNewestRefused: true,
  document: { value: 2 },
  act: async (stage) => {
    await stage.record('unchanged')
    await close(stage)
  },
  from: 'state',
  order: ['load good', 'state validating', 'state rejected', 'prepare a 2', 'commit b 2', 'applied c 2'],
  serves: [['', 2]],
  ends: [['', 2]],
  counts: [['', false]],
}

const closesInSoak: KillScene = {
  ...changes,
  soakMs: 3_600_000,
  act: async (stage) => {
    await stage.state('soaking')
    await close(stage)
  },
  from: 'close #1',
  order: ['check a 4', 'close #1', 'save journal #2', 'close b 4', 'state closed'],
  serves: [['', 3]],
  counts: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

/** A document that fails somewhere, and is taken back. */
const failsIn = (fails: NonNullable<Config['fails']>, ...order: string[]): KillScene => ({
  goods: [1, 2, 3],
  document: { value: 4, fails },
  act: async (stage) => {
    await stage.record('rolled-back')
    await close(stage)
  },
  from: 'state rolling-back',
  keeps: [1, 2, 3],
  order: [
    'save journal #1',
    'prepare a 4',
    ...order,
    'save journal #2',
    'record rolled-back',
    'close #',
    'state closed',
  ],
  serves: [['', 3]],
  ends: [['', 3]],
  counts: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
})

/** A change that a person must confirm, read because somebody has asked for it. */
const confirmed: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  withinMs: 600_000,
  act: async (stage) => {
    const { service, say, folder, state } = stage
    await stage.record('unchanged')
    replaceFile(filesIn(folder).document, JSON.stringify({ value: 4 }))
    const confirming = state('confirming')
    await say('reload')
    const reloaded = service.reloader.reload()
    await confirming
    await say('confirm')
    await service.reloader.confirm(service.reloader.status().confirmation?.transaction ?? '')
    await say('confirmed')
    await reloaded
    await close(stage)
  },
  from: 'reload',
  keeps: [2, 3],
  order: [
    ...['reload', 'read', 'validate 4', 'save journal', 'prepare a 4'],
    ...['commit b 4', 'applied c 4', 'check a 4', 'state confirming', 'confirm', ...promotion(4)],
    ...['save journal #2', 'saved journal #2', 'confirmed', 'close #1', 'state closed'],
  ],
  serves: [
    ['', 3],
    ['rename good=4', 3, 4],
    ['sync folder good=4', 4],
  ],
  ends: [
    ['', 4],
    ['rename journal #1', 3, 4],
    ['prepare a 4', 3],
    ['rename good=4', 3, 4],
    ['sync folder good=4', 4],
  ],
  counts: [
    ['', false],
    ['rename journal #1', true, false],
    ['prepare a 4', true],
    ['rename good=4', true, false],
    ['sync folder good=4', false],
  ],
}

/** A change that nobody confirms in time. */
const unconfirmed: KillScene = {
  ...failsIn('check'),
  document: { value: 4 },
  withinMs: 50,
  from: 'state confirming',
  order: [
    'prepare a 4',
    'state confirming',
    'state rolling-back',
    'roll back a 4',
    'undo c 3',
    'save journal #2',
    'close #1',
  ],
}

/** Back to the one before, which freezes, and then to the source again. */
const reverts: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, say } = stage
    await stage.record('unchanged')
    await say('revert')
    await service.reloader.revert()
    await say('reverted')
    const back = stage.record('committed 3')
    await service.reloader.unfreeze()
    await say('unfrozen')
    await back
    await close(stage)
  },
  from: 'revert',
  order: [
    ...[
      'revert',
      'save journal #1',
      'prepare a 2',
      'commit b 2',
      'applied c 2',
      'check a 2',
      ...promotion(2),
      'reverted',
    ],
    ...['unfrozen', 'prepare a 3', 'commit b 3', 'applied c 3', 'check a 3', ...promotion(3), 'close', 'state closed'],
  ],
  serves: [
    ['', 3],
    ['rename journal #1', 2, 3],
    ['sync folder journal #1', 2],
    ['rename good=3', 2, 3],
    ['sync folder good=3', 3],
  ],
  ends: [['', 3]],
  freezes: [
    ['', false],
    ['rename journal #1', true, false],
    ['sync folder journal #1', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

const freezes: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, say } = stage
    await stage.record('unchanged')
    await say('freeze')
    await service.reloader.freeze('hold')
    await say('frozen')
    await service.reloader.unfreeze()
    await say('unfrozen')
    await close(stage)
  },
  from: 'freeze',
  keeps: [1, 2, 3],
  order: ['freeze', 'save journal #1', 'frozen', 'save journal #2', 'unfrozen', 'close #1'],
  serves: [['', 3]],
  ends: [['', 3]],
  counts: [['', false]],
  freezes: [
    ['', false],
    ['rename journal #1', true, false],
    ['frozen', true],
    ['rename journal #2', true, false],
    ['unfrozen', false],
  ],
}

const takenBack = ['state rolling-back', 'roll back b 4', 'roll back a 4']

export const killScenes: Readonly<Record<string, KillScene>> = {
  'takes a change': changes,
  'takes its first config': first,
  'restores an older good': restoresOlder,
  'closes in a soak': closesInSoak,
  'fails to prepare': failsIn('prepare', 'state rolling-back'),
  'fails in the tick': failsIn(
    'commit',
    'commit a 4',
    'commit b 4',
    'roll back b 4',
    'roll back a 4',
    'state rolling-back',
  ),
  'fails to apply': failsIn('apply', 'applied c 4', ...takenBack, 'undo c 3', 'applied c 3'),
  'fails a check': failsIn('check', 'check b 4', ...takenBack, 'undo c 3'),
  'is confirmed': confirmed,
  'is not confirmed': unconfirmed,
  'reverts and follows again': reverts,
  'freezes and follows again': freezes,
}
