/** Failures of a source. */
export const sourceCodes = {
  'source.unreachable': {
    what: 'The source cannot be reached',
    hint: 'Check that the source is running, and that its address is correct: the port too, and http:// or https://.',
    serving: 'The serving config stays in use; the source is read again with back-off.',
    starting: 'No config serves yet; the source is read again with back-off.',
  },
  'source.timeout': {
    what: 'The source did not answer in time',
    hint: 'Check its load and the network. A first read takes several round trips: over a slow network raise deadlines.readMs, and callMs and openMs of the etcd source too.',
    serving: 'The serving config stays in use.',
    starting: 'No config serves yet.',
  },
  'source.unauthenticated': {
    what: 'The source rejected the credentials',
    hint: 'Check the user name, the password and the token.',
    serving: 'The serving config stays in use; the source is read again with back-off.',
    starting: 'No config serves yet; the source is read again with back-off.',
  },
  'source.credentials': {
    what: 'The function given as auth or credentials did not return usable ones',
    hint: 'Correct it: the cause is what it threw, a TimeoutError if it took longer than deadlines.callMs, or a TypeError if it returned something else.',
    serving: 'The serving config stays in use; it is called again with back-off.',
    starting: 'No config serves yet; it is called again with back-off.',
  },
  'source.denied': {
    what: 'The source denied access to the document',
    hint: 'Grant the user read access to the key or file.',
    serving: 'The serving config stays in use; the source is read again with back-off.',
    starting: 'No config serves yet; the source is read again with back-off.',
  },
  'source.tls': {
    what: 'A trusted TLS connection to the source could not be established',
    hint: 'Check the CA, and the dates and host names of the certificate.',
    serving: 'The serving config stays in use; the source is read again with back-off.',
    starting: 'No config serves yet; the source is read again with back-off.',
  },
  'source.compacted': {
    what: 'The source has compacted the revisions that the watch asked for',
    hint: 'No action is needed: the document is read again at once.',
  },
  'source.closed': {
    what: 'The source ended the watch',
    hint: 'No action is needed: the document is read and watched again, with back-off.',
  },
  'source.failed': {
    what: 'The source failed',
    hint: 'Check the name and the code of the cause.',
    serving: 'The serving config stays in use; the source is read again with back-off.',
    starting: 'No config serves yet; the source is read again with back-off.',
  },
  'source.stale': {
    what: 'The source returned an older revision than before',
    hint: 'Read from a member that is up to date.',
    serving: 'The serving config stays in use.',
    starting: 'No config serves yet.',
  },
  'source.contract': {
    what: 'The source broke its contract',
    hint: 'Test it with sourceContract of changeover/testing, and correct it. No action is needed if its store was wiped or restored: the document is then taken as a new one.',
  },
  'source.detached': {
    what: 'The file is mounted alone, and was replaced or removed where it comes from: no change of it is seen any more',
    hint: 'Restart the container, and mount the folder of the file instead of the file.',
  },
  'source.also-watch': {
    what: 'The function alsoWatch of the file source failed, so the files that an earlier document named are watched',
    hint: 'Let it return an array of paths, and an empty array for a text that it cannot read.',
  },
  'source.layer-stale': {
    what: 'A layer of the source cannot be read, so its last text stays in use',
    hint: 'See status().source.layers for the error of the layer. It is read again with back-off, and delays no other layer. An optional layer that was never read is left out.',
  },
  'source.unmapped-variable': {
    what: 'A variable of the environment leads to no path of the config',
    hint: 'Rename the variable: two underscores separate the keys of a path. Remove it if it is not meant for the config.',
  },
  'source.ambiguous-variable': {
    what: 'A variable of the environment could mean more than one path, or stands beside another that means the same',
    hint: 'Write the variable so that it is the only one for one path: with the underscores that the key has.',
  },
  'source.conflict': {
    what: 'The document was not published: it has changed since the expected revision',
    hint: 'Read the document again, apply your change to it, and publish the result.',
  },
} as const
