/** Failures of a fleet: of the commands that ask its instances, and of the instances that are asked. */
export const fleetCodes = {
  'fleet.no-instances': {
    what: 'No instance is there to ask',
    hint: 'Run changeover status. An instance is seen once its source has the option fleet, and for as long as it renews its entry.',
  },
  'fleet.needs-etcd': {
    what: 'Only a document in etcd has a fleet',
    hint: 'Pass --hosts and --key instead of --file.',
  },
  'fleet.disobeyed': {
    what: 'Not all instances have done what was asked',
    hint: 'The table says why, instance by instance.',
  },
  'fleet.refused': {
    what: 'An instance did not take the document',
    hint: 'The instance serves what it served before. Its code and module say why; its own log and inspector say more.',
  },
  'fleet.wait-timeout': {
    what: 'Too few instances have proved the document in time',
    hint: 'Run changeover status to see what each instance does. --timeout waits longer.',
  },
  'fleet.superseded': {
    what: 'Another document has replaced the one that is waited for',
    hint: 'Run changeover history to see who published it, and wait for that one.',
  },
  'fleet.no-answer': {
    what: 'An instance has not answered in time',
    hint: 'It may be busy, cut off, or gone: changeover status. Nothing is known of what it has done.',
  },
  'fleet.preflight-failed': {
    what: 'An instance would refuse the document, so nothing was published',
    hint: 'Correct the document, or deploy a build that accepts it first.',
  },
  'fleet.not-allowed': {
    what: 'The instance does not obey commands',
    hint: 'Set commands to true in the options of fleet if whoever may write beside the document may also control the service.',
  },
  'fleet.layers': {
    what: 'The instance cannot try the document alone, since its config is made of layers',
    hint: 'Publish it, without --preflight. The instance checks the whole config when the document arrives.',
  },
  'fleet.prefix': {
    what: 'The instance cannot try a document, since its config is made of the keys below a prefix',
    hint: 'Write the keys. The instance checks the whole config when they arrive.',
  },
  'fleet.override-failed': {
    what: 'The override was not made: its lease has ended',
    hint: 'Run the command again.',
  },
  'fleet.rollout-running': {
    what: 'Another rollout of this document runs',
    hint: 'Wait until it has ended. If its command has died, it ends with its lease.',
  },
  'fleet.rollout-lost': {
    what: 'The rollout is over: its lease has ended',
    hint: 'Nothing was published, and the canaries return to what they had. Check the connection to etcd, and start it again.',
  },
  'fleet.rollout-aborted': {
    what: 'The rollout was aborted',
    hint: 'Nothing was published, and the canaries return to what they had. Start it again when you want to.',
  },
  'fleet.rollout-busy': {
    what: 'The rollout was not aborted, since it has just changed',
    hint: 'Run the command again.',
  },
  'fleet.rollout-unheard': {
    what: 'The instance could not find out whether the rollout still runs, and has returned to what it had',
    hint: 'Check its connection to etcd.',
  },
  'fleet.rollout-failed': {
    what: 'Canaries have refused the document, so all of them return to what they had',
    hint: 'Correct the document. The code and the module say why; the log and the inspector of the instance say more.',
  },
  'fleet.gate-closed': {
    what: 'The gate of the rollout has refused the document, so all canaries return to what they had',
    hint: 'See what the command of --gate has printed.',
  },
  'fleet.trial-refused': {
    what: 'The instance can try no document now',
    hint: 'It has not served yet, or is frozen or closing.',
  },
  'fleet.proposal-missing': {
    what: 'The document that was to be tried is gone',
    hint: 'Run the command again: it may have ended before the instance could read the document.',
  },
} as const
