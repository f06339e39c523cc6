/** A page of a few words, for those without a session. `again` has the browser ask once more, as from this page. */
export const noticePage = (nonce: string, message: string, hint: string, again: boolean): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${again ? '<meta http-equiv="refresh" content="0">' : ''}
<title>Changeover inspector: ${escaped(message)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 20vh auto; padding: 0 1rem }
</style>
</head>
<body>
<main>
<h1>${escaped(message)}</h1>
<p>${escaped(hint)}</p>
</main>
</body>
</html>
`

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`)
