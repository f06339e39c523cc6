/** Reasons why a document is not applied, or does not stay. */
export const documentCodes = {
  'document.missing': {
    what: 'The document does not exist',
    hint: 'Create the key or file.',
    serving: 'The serving config stays in use.',
    starting: 'No config serves yet.',
  },
  'document.empty': {
    what: 'The document is empty',
    hint: 'Write the whole document, atomically if the store supports it.',
    serving: 'The serving config stays in use.',
    starting: 'No config serves yet.',
  },
  'document.too-large': {
    what: 'The document is larger than the limit',
    hint: 'Make the document smaller, or raise maxDocumentBytes, for publish --max-request-bytes of etcd. The limit of 1,000,000 values in a document is fixed.',
  },
  'document.encoding': { what: 'The document is not valid UTF-8', hint: 'Save the document as UTF-8.' },
  'document.malformed': {
    what: 'The document cannot be parsed',
    hint: 'Correct the syntax at the position, and publish the document whole: it may be half-written.',
  },
  'document.refused': {
    what: 'parse refused the document',
    hint: 'Change the document as the detail says.',
  },
  'document.duplicate-key': {
    what: 'An object in the document has the same key twice',
    hint: 'Remove one of the two keys: parsers disagree about which one counts.',
  },
  'document.forbidden-key': { what: 'The document contains the forbidden key __proto__', hint: 'Rename the key.' },
  'document.too-deep': { what: 'The document is nested more than 100 levels deep', hint: 'Flatten the document.' },
  'document.number-precision': {
    what: 'The document contains a number that would be rounded',
    hint: 'Write it with the digits that a double keeps, or as a string that the schema converts to a bigint.',
  },
  'document.bad-key': {
    what: 'A key below the prefix is not a path in a document',
    hint: 'Delete or rename the key: it has an empty segment (two slashes in a row, or a slash at an end) or is not valid UTF-8. Only a key that ends in a slash and is empty is skipped, as the marker of a folder.',
  },
  'document.bad-value': {
    what: 'The value of a key below the prefix is not JSON',
    hint: 'Write a whole piece of JSON to the key, with strings in double quotes, or delete it.',
  },
  'document.key-conflict': {
    what: 'A key below the prefix is both a value and a folder',
    hint: 'Delete or rename one of the keys.',
  },
  'document.layer-clash': {
    what: 'Two layers of the source disagree: one has an object at a path and the other has none',
    hint: 'Change one of the two layers, so that both have an object there or neither has.',
  },
  'document.bad-variable': {
    what: 'The value of a variable of the environment is not what the config has there',
    hint: 'Correct the variable. Write an object or a list as JSON.',
  },
  'document.not-in-json': {
    what: 'The document has a value that JSON cannot hold',
    hint: 'Write it as the detail says.',
  },
  'document.format-missing': {
    what: 'The parser of the format is not installed, or its version does not fit',
    hint: 'Install it with the command in the detail.',
  },
  quarantined: {
    what: 'The document is quarantined because it failed before',
    hint: 'Publish a changed document, or call retry() to try this one at once. The detail says how it failed and when it is tried again by itself, if it is.',
  },
  'attempt.died': {
    what: 'The process died while it was trying this document',
    hint: 'Find out what ended the process. After maxAttempts deaths in a row the document is quarantined, if a last known good can serve instead.',
  },
  'confirm.expired': {
    what: 'The change was not confirmed in time',
    hint: 'Publish the change again or call retry(), and confirm it within confirm.withinMs. The previous config serves again.',
  },
  'confirm.refused': {
    what: 'No transaction with this id awaits confirmation',
    hint: 'Take the id from status().confirmation. A transaction that has ended can no longer be confirmed.',
  },
  'config.not-plain': {
    what: 'The schema or a select function returns a value that is not plain data',
    hint: 'Return objects, arrays, strings, finite numbers, bigints, booleans and null. Create dates and maps in the applier.',
  },
  'schema.names-hidden': {
    what: 'The schema does not say which keys it declares, so paths are shown only as far as the serving config has their names',
    hint: 'Use a schema that offers a JSON Schema, as zod, arktype and toStandardJsonSchema of @valibot/to-json-schema do, or one of zod or valibot itself. Otherwise list paths in public whose values may be shown.',
  },
  'schema.part-hidden': {
    what: 'A part of the schema does not say which keys it has, so paths below it are shown only as far as the serving config has their names',
    hint: 'Declare the keys of this part, or list it in public if its values may be shown.',
  },
  'schema.undeclared-path': {
    what: 'An option names paths that the schema does not declare, so they have no effect',
    hint: 'Correct the paths that the detail names, or remove them.',
  },
  'schema.invalid': { what: 'The schema rejected the document', hint: 'Correct the value at the path.' },
  'schema.refused': {
    what: 'A rule of the schema refused the document',
    hint: 'Change the document as the detail says.',
  },
  'schema.threw': {
    what: 'The schema threw instead of reporting issues',
    hint: 'Correct the refinement or transform that throws. If it is asynchronous, the document is validated again with back-off; retry() does so at once.',
  },
  'schema.timeout': {
    what: 'The schema did not answer in time',
    hint: 'Check its asynchronous refinements, or raise deadlines.validateMs. The document is validated again with back-off; retry() does so at once.',
  },
  'document.bad-requirements': {
    what: 'The document does not say which builds it requires',
    hint: 'Write { "$requires": { "builds": ["1.4.2"] } }, with the names that the option build has.',
  },
  'document.held': {
    what: 'The document requires another build of the service, and waits for it',
    hint: 'Deploy a build that the document names under $requires, or add this one to it.',
  },
  'restart.refused': {
    what: 'The change needs a restart, and the option restart refuses it',
    hint: 'Undo the change of this path, or deploy the service with it.',
  },
  'restart.held': {
    what: 'The change needs a restart, and waits for it',
    hint: 'Restart the service to apply the document, or undo the change of this path.',
  },
  'policy.refused': {
    what: 'A policy rejected the change',
    hint: 'Change the document so that the policy accepts it, or change the policy.',
  },
} as const
