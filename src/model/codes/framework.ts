/** What goes wrong between a reloader and the framework that serves requests with it. */
export const frameworkCodes = {
  'request.not-pinned': {
    what: 'No request is pinned here',
    hint: 'Call pinned() below a handler of a server that pins its requests, or within pin(reloader, task). Where code also runs outside of requests, call pinned(reloader, { outside: "serving" }), which gives what serves.',
  },
  'request.after-close': {
    what: 'A request came after the close of the reloader',
    hint: 'Close the server first, then the reloader, as closeOnSignals(reloader, { server }) does.',
  },
  'framework.unsupported-version': {
    what: 'This version of the framework is not supported',
    hint: 'Install a version that the detail names, or use pin(reloader, task) of changeover/request, which needs no framework.',
  },
  'framework.registered-twice': {
    what: 'The framework has Changeover already',
    hint: 'Register it once, at the root of the application: what is below it has the same reloader.',
  },
} as const
