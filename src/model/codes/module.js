/** Failures of modules, and of what stands beside them. */
export const moduleCodes = {
    'module.select-failed': {
        what: "The module's select function threw",
        hint: 'Make it total: it gets every config that the schema accepts.',
    },
    'module.prepare-failed': {
        what: 'The module could not prepare its next generation',
        hint: 'See the cause; correct the document or what the module connects to.',
    },
    'module.prepare-timeout': {
        what: 'The module did not prepare its next generation in time',
        hint: 'See what it waits for, or raise deadlines.prepareMs.',
    },
    'module.invalid-generation': {
        what: 'The prepare returned something that is not a generation',
        hint: 'Return a new { instance } each time, with functions, where given, as commit, rollback, check and close.',
    },
    'module.commit-failed': {
        what: 'The commit of the module threw',
        hint: 'Move all work that can fail into prepare.',
    },
    'module.apply-failed': {
        what: 'The compensating module could not apply the config',
        hint: 'See the cause; correct the document or what the module changes.',
    },
    'module.apply-timeout': {
        what: 'The compensating module did not apply the config in time',
        hint: 'See what it waits for, or raise deadlines.applyMs.',
    },
    'module.check-failed': {
        what: 'The check of the module failed during the soak',
        hint: 'See the cause: the new generation opened, but it does not work.',
    },
    'module.check-timeout': {
        what: 'The check of the module did not answer in time',
        hint: 'See what it waits for, or raise deadlines.checkMs.',
    },
    'module.rollback-failed': {
        what: 'The rollback of the module threw',
        hint: 'Make it tolerate a commit that threw half-way; the module is repaired with back-off.',
    },
    'module.undo-failed': {
        what: 'The undo of the compensating module failed',
        hint: 'The module is repaired with back-off; see the cause.',
    },
    'module.undo-timeout': {
        what: 'The undo of the compensating module did not end in time',
        hint: 'The module is repaired with back-off; see what it waits for.',
    },
    'module.unsettled': {
        what: 'An earlier call of the compensating module has not ended',
        hint: 'It is not called again until that call ends; let it heed its signal.',
    },
    'module.close-failed': {
        what: 'A generation of the module could not be closed',
        hint: 'Its resources may leak; see the cause.',
    },
    'module.close-timeout': {
        what: 'A generation of the module did not close in time',
        hint: 'It is reported as a leak until it does; see what it waits for, or raise deadlines.closeMs.',
    },
    'module.stuck': {
        what: 'Too many generations of the module are still being prepared or closed',
        hint: 'Let prepare heed its signal and close end; nothing more is started for the module before one of them settles.',
    },
    'module.background-failed': {
        what: 'Background work of the module failed',
        hint: 'See the cause; what serves is not changed by it.',
    },
    'health.failed': {
        what: 'A health check failed during the soak',
        hint: 'See the cause: the service does not work with this config.',
    },
    'lease.overdue': {
        what: 'A lease was held longer than allowed; its generation was closed all the same',
        hint: 'Hold leases for one request, or raise deadlines.leaseMs.',
    },
    'listener.failed': {
        what: 'A listener or logger threw',
        hint: 'Correct it; nothing else is changed by it.',
    },
};
