import { keepsServing } from './entry.ts';
/** Failures of a source. */
export const sourceCodes = {
    'source.unreachable': {
        what: 'The source cannot be reached',
        hint: `Check that it runs and that its address is right. ${keepsServing}; reading is retried with back-off.`,
    },
    'source.timeout': {
        what: 'The source did not answer in time',
        hint: `Look at its load and at the network; raise deadlines.readMs if it is only slow. ${keepsServing}.`,
    },
    'source.unauthenticated': {
        what: 'The source refused the credentials',
        hint: `Check user, password and token. ${keepsServing}; reading is retried with back-off.`,
    },
    'source.denied': {
        what: 'The source denies access to the document',
        hint: `Grant the user read access to the key or file. ${keepsServing}; reading is retried with back-off.`,
    },
    'source.tls': {
        what: 'No trusted TLS connection to the source',
        hint: `Check the CA, the certificate's dates and its host names. ${keepsServing}; reading is retried with back-off.`,
    },
    'source.compacted': {
        what: 'The source has compacted the revisions after which the watch asked',
        hint: 'Nothing to do: the document is read again at once.',
    },
    'source.closed': {
        what: 'The source ended the watch',
        hint: 'Nothing to do: it is read again and watched anew, with back-off.',
    },
    'source.failed': {
        what: 'The source failed',
        hint: `See the cause's name and code. ${keepsServing}; reading is retried with back-off.`,
    },
    'source.stale': {
        what: 'The source answered with an older revision than it has shown before',
        hint: `Read from a member that is up to date. ${keepsServing}.`,
    },
    'source.conflict': {
        what: 'The document was not published: it has changed since the revision that was asked for',
        hint: 'Read the document again, apply your change to what it holds now, and publish that.',
    },
};
