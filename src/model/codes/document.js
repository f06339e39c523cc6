import { keepsServing } from './entry.ts';
/** Why a document is not applied, before any module is called and after. */
export const documentCodes = {
    'document.missing': {
        what: 'There is no document',
        hint: `Create the key or file. ${keepsServing}.`,
    },
    'document.empty': {
        what: 'The document is empty',
        hint: `Write the whole document, atomically where the store allows it. ${keepsServing}.`,
    },
    'document.too-large': {
        what: 'The document is larger than the limit',
        hint: 'Make it smaller, or raise the option maxDocumentBytes.',
    },
    'document.encoding': {
        what: 'The document is not valid UTF-8',
        hint: 'Save it as UTF-8.',
    },
    'document.malformed': {
        what: 'The document cannot be parsed',
        hint: 'Check its syntax with a linter before you publish it; it may also be half-written.',
    },
    'document.duplicate-key': {
        what: 'The document has one key twice in an object',
        hint: 'Remove one of the two: parsers disagree about which of them counts.',
    },
    'document.forbidden-key': {
        what: 'The document has a key that is not allowed: __proto__',
        hint: 'Rename the key.',
    },
    'document.too-deep': {
        what: 'The document is nested too deeply',
        hint: 'Flatten it.',
    },
    'document.key-conflict': {
        what: 'One key of the prefix is a value and a folder of others at once',
        hint: 'Delete or rename one of them.',
    },
    quarantined: {
        what: 'The document is quarantined: it has failed before',
        hint: 'Publish a changed document, or call retry() or release(); see the detail for how it failed and until when it is held.',
    },
    'attempt.died': {
        what: 'The process died while it was trying this document',
        hint: 'Look for what ended the process after the commit. A document that does so maxAttempts times in a row is quarantined where there is a last known good to serve.',
    },
    'confirm.expired': {
        what: 'The change was not confirmed in time',
        hint: 'What served before serves again. Publish the change anew, or call retry(), and confirm it within confirm.withinMs.',
    },
    'confirm.refused': {
        what: 'There is no transaction of this id that waits for a confirmation',
        hint: 'Take the id from status().confirmation; one that has ended cannot be confirmed any more.',
    },
    'config.not-plain': {
        what: 'The schema made something that is not plain data',
        hint: 'Let the schema return objects, arrays, strings, finite numbers, booleans and null; make dates and maps in the applier.',
    },
    'schema.invalid': {
        what: 'The schema refuses the document',
        hint: 'Correct the value at the path.',
    },
    'schema.threw': {
        what: 'The schema threw instead of reporting issues',
        hint: 'Correct the schema: a refinement or transform of it throws.',
    },
    'schema.timeout': {
        what: 'The schema did not answer in time',
        hint: 'Look at its asynchronous refinements, or raise deadlines.validateMs.',
    },
    'policy.refused': {
        what: 'A policy refuses the change',
        hint: 'Change the document within what the policy allows, or change the policy.',
    },
};
