/** How many watchers and sockets keep this process alive. */
export const heldResources = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /fsevent|statwatcher|tcpsocket|http2/i.test(kind)).length
