/** Failures of secret references: what the document refers to, and those who keep it. */
export const secretCodes = {
  'secret.unreachable': {
    what: 'A secret could not be read',
    hint: 'Check that its provider can be reached, and the code of the cause. It is read again with back-off, at most once a second.',
    serving: 'The serving config stays in use, with the values that it has.',
    starting: 'No config serves yet; the start waits.',
  },
  'secret.missing': {
    what: 'A secret does not exist, or is empty',
    hint: 'Create it, or correct the name in the document. The document is tried again when the provider reports it, and with back-off.',
    serving: 'The serving config stays in use, with the values that it has.',
    starting: 'No config serves yet.',
  },
  'secret.denied': {
    what: 'The provider of a secret denied access to it',
    hint: 'Grant the service the right to read it. The document is tried again when the provider reports a change, and with back-off.',
    serving: 'The serving config stays in use, with the values that it has.',
    starting: 'No config serves yet.',
  },
  'secret.invalid': {
    what: 'A reference to a secret, or the value of the secret, cannot be used',
    hint: 'Write { "$secret": "provider:name" } with nothing beside it, with a provider that the option secrets names, for a text of at most 1 MiB.',
  },
  'secret.watch-failed': {
    what: 'The provider of a secret does not report changes',
    hint: 'Correct its watch: it gets a function, returns one that ends the watch, and does not throw. Until then only refreshMs finds a change.',
  },
} as const
