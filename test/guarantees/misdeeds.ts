/** What user code may do wrong: throw, reject, or return something that throws when it is touched. */

const bite = (): never => {
  throw new Error('bitten')
}

/** Makes an object that throws at every access. */
const hostileProxy = (): object =>
  new Proxy(() => {}, {
    get: bite,
    set: bite,
    has: bite,
    ownKeys: bite,
    getPrototypeOf: bite,
    getOwnPropertyDescriptor: bite,
    defineProperty: bite,
    apply: bite,
  })

/** Makes an error whose properties throw. */
const hostileError = (): Error => {
  const error = new Error('hostile')
  for (const key of [
    'name',
    'message',
    'stack',
    'code',
    'cause',
    'errors',
    'toString',
    'toJSON',
    'then',
    'failures',
    'kind',
  ]) {
    Object.defineProperty(error, key, { get: bite })
  }
  return error
}

/** Makes a real promise whose own `then` calls back several times. */
const chatteringPromise = (): Promise<never> => {
  const promise = Promise.resolve() as unknown as Promise<never>
  void Object.defineProperty(promise, 'then', {
    value: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      for (let n = 0; n < 3; n++) {
        reject(new Error('chatter'))
        resolve('chatter')
      }
    },
  })
  return promise
}

const throwing = (value: () => unknown) => (): never => {
  throw value()
}

/** Every misdeed by name, so that a failure names it. */
export const misdeeds: Readonly<Record<string, () => unknown>> = {
  'throws an error': throwing(() => new Error('thrown')),
  'throws null': throwing(() => null),
  'throws undefined': throwing(() => undefined),
  'throws a string': throwing(() => 'thrown'),
  'throws a hostile error': throwing(hostileError),
  'throws a hostile proxy': throwing(hostileProxy),
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects with null': () => Promise.reject(null),
  'rejects with a hostile error': () => Promise.reject(hostileError()),
  'rejects with a hostile proxy': () => new Promise((_, reject) => reject(hostileProxy())),
  'rejects later': async () => {
    await Promise.resolve()
    throw new Error('later')
  },
  'answers with a thenable that throws': () => ({ then: bite }),
  'answers with a thenable that rejects': () => ({
    then: (_: unknown, reject: (error: unknown) => void) => reject(hostileError()),
  }),
  'answers with a thenable whose then throws when it is read': () => Object.defineProperty({}, 'then', { get: bite }),
  'answers with a promise that chatters': chatteringPromise,
  'answers with a hostile proxy': hostileProxy,
  'answers with getters that throw': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        [
          'instance',
          'commit',
          'rollback',
          'check',
          'close',
          'kind',
          'revision',
          'content',
          'value',
          'issues',
          'then',
        ].map((key) => [key, { get: bite, enumerable: true }]),
      ),
    ),
  'answers with null': () => null,
  'answers with a revision that nothing can be newer than': () => ({
    kind: 'document',
    revision: { lineage: 'memory-1', order: Number.POSITIVE_INFINITY, name: 'x' },
    content: '{"version":5}',
  }),
  'answers with nonsense': () => ({
    instance: 1,
    kind: 'document',
    revision: null,
    content: 7,
    commit: 'x',
    issues: 3,
  }),
}
