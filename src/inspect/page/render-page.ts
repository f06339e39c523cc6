import { script, style } from './generated/assets.ts'
import { charts } from './generated/charts.ts'

/**
 * Renders the inspector's page: one self-contained document that connects only to its own server. The nonce of the
 * content security policy marks the page's own style and script.
 */
export const renderPage = (nonce: string): string => `<!doctype html>
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
<a class="skip" href="#main">Skip to transactions</a>
<div id="page"><noscript><p>This page shows a running service and needs JavaScript.</p></noscript></div>
<script type="application/json" id="charts">${charts}</script>
<script type="module" nonce="${nonce}">${script}</script>
</body>
</html>
`
