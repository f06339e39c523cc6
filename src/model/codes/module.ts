/** Failures of modules, and of the user code around them. */
export const moduleCodes = {
  'module.select-failed': {
    what: "The module's select function threw",
    hint: 'Make select work for every config that the schema accepts.',
  },
  'module.prepare-failed': {
    what: 'The module could not prepare its next generation',
    hint: 'Check the cause, then correct the document or the system that the module connects to. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.prepare-timeout': {
    what: 'The module did not prepare its next generation in time',
    hint: 'Find out what prepare waits for, or raise deadlines.prepareMs. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.invalid-generation': {
    what: 'prepare returned something that is not a generation',
    hint: 'Return a new { instance } from each prepare. commit, rollback, check and close may be left out, and are functions.',
  },
  'module.commit-failed': {
    what: "The module's commit threw",
    hint: 'Move all work that can fail into prepare. The document is not tried again by itself: publish a changed one, or call retry().',
  },
  'module.apply-failed': {
    what: 'The compensating module could not apply the config',
    hint: 'Check the cause, then correct the document or the system that the module changes. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.apply-timeout': {
    what: 'The compensating module did not apply the config in time',
    hint: 'Find out what apply waits for, or raise deadlines.applyMs. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.check-failed': {
    what: "The module's check failed during the soak",
    hint: 'Check the cause: the new generation was prepared, but it does not work. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.check-timeout': {
    what: "The module's check did not answer in time",
    hint: 'Find out what check waits for, or raise deadlines.checkMs. The document is tried again with back-off; retry() tries it at once.',
  },
  'module.rollback-failed': {
    what: "The module's rollback threw",
    hint: 'Make rollback tolerate a commit that threw half-way. The module is repaired with back-off.',
  },
  'module.undo-failed': {
    what: 'The compensating module could not undo the change',
    hint: 'Check the cause. The module is repaired with back-off.',
  },
  'module.undo-timeout': {
    what: 'The compensating module did not undo the change in time',
    hint: 'Find out what apply waits for, or raise deadlines.applyMs. The module is repaired with back-off.',
  },
  'module.unsettled': {
    what: 'An earlier call of the compensating module has not settled',
    hint: 'Make apply settle once its signal aborts. The module is not called again before that.',
  },
  'module.close-failed': {
    what: 'A generation of the module could not be closed',
    hint: 'Check the cause: its resources may have leaked.',
  },
  'module.close-timeout': {
    what: 'A generation of the module did not close in time',
    hint: 'Find out what close waits for, or raise deadlines.closeMs. The generation counts as leaked until it closes.',
  },
  'module.stuck': {
    what: 'Too many generations of the module are still being prepared or closed',
    hint: 'Make prepare settle once its signal aborts, and make close settle. No other prepare starts before one of them does.',
  },
  'module.background-failed': {
    what: 'Background work of the module failed',
    hint: 'Check the cause. The serving config is not affected.',
  },
  'module.level-filtered': {
    what: 'The level is set, but the targets of the worker transport drop lines below levels of their own',
    hint: 'Give the targets the lowest level that the config may set, or use pino.multistream, whose streams follow.',
  },
  'health.failed': {
    what: 'A health check failed during the soak',
    hint: 'Check the cause: the service does not work with this config. The document is tried again with back-off; retry() tries it at once.',
  },
  'lease.overdue': {
    what: 'A lease outlasted deadlines.leaseMs, so its generation was closed',
    hint: 'Hold a lease for one request at most, or raise deadlines.leaseMs.',
  },
  'listener.failed': {
    what: 'A listener or logger threw',
    hint: 'Correct the listener or logger. Nothing else is affected.',
  },
} as const
