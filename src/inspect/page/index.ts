/** The page, with all that it needs in it. */
export const renderPage = ({ nonce }: { readonly nonce: string }): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Changeover inspector</title><link rel="icon" href="data:,"></head>
<body><pre id="log"></pre><script nonce="${nonce}">
const log = document.getElementById('log')
const source = new EventSource('events')
for (const name of ['hello', 'status', 'state', 'transaction', 'reported', 'bye'])
  source.addEventListener(name, ({ data }) => { log.textContent += name + ' ' + data + '\\n'; if (name === 'bye') source.close() })
</script></body></html>
`
