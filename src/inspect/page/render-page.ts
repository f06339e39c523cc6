import { script, style } from './generated/assets.ts'
import { charts } from './generated/charts.ts'

/** What the page needs from the one who serves it. */
export interface PageOptions {
  /** Of the content security policy: marks the page's own style and script. A base64 text. */
  readonly nonce: string
}

/** The inspector's page: one document with all that it needs; it asks nobody but the server that it came from. */
export const renderPage = ({ nonce }: PageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>changeover</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the transactions</a>
<div id="page"><noscript><p>This page follows a running service and needs JavaScript for it.</p></noscript></div>
<script type="application/json" id="charts">${charts}</script>
<script type="module" nonce="${nonce}">${script}</script>
</body>
</html>
`
