import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Hello } from '../../../src/inspect/stream/protocol.ts'
import { openStatecharts, useChromium } from './chromium.ts'
import { findClippedElements, findViolations, waitUntilSettled } from './accessibility.ts'
import {
  NOW,
  createFailure,
  summarize,
  createHello,
  pickOutcome,
  createRevision,
  createStatus,
  createTransaction,
} from './fixtures.ts'
import { type FakeInspector, startFakeInspector } from './fake-inspector.ts'

const visit = useChromium()

const recent = Array.from({ length: 8 }, (_, index) => createTransaction(212 + index, pickOutcome(212 + index)))

const after = (last: ReturnType<typeof createTransaction>, more: Partial<Hello> = {}): Hello =>
  createHello({ transactions: [...recent, last].map(summarize), current: last, ...more })

const nothingYet = (): Hello => {
  const source = { name: 'etcd', endpoint: '127.0.0.1:2379', state: 'connecting', since: NOW } as const
  const {
    serving: _,
    lastKnownGood: __,
    ...status
  } = createStatus({ state: 'idle', inSync: false, modules: {}, goodHistory: [], source })
  return createHello({ status })
}

const degraded = createStatus({ state: 'degraded', degraded: ['db', 'cache'], inSync: false })

const actions = ['reload', 'retry', 'release', 'revert', 'freeze', 'unfreeze', 'confirm'] as const

const preparing = {
  machine: 'reload',
  value: { applying: 'preparing' },
  state: 'preparing',
  active: ['reload.applying', 'reload.applying.preparing'],
  event: 'xstate.done.actor.journalAttempt',
  taken: [
    {
      source: 'reload.applying.journaling',
      event: 'xstate.done.actor.journalAttempt',
      index: 1,
      targets: ['reload.applying.preparing'],
    },
  ],
  at: NOW,
} as const

const quarantined = {
  digest: 'd220',
  revision: '220',
  code: 'module.prepare-failed',
  reason: 'The module could not prepare its next generation',
  module: 'db',
  phase: 'prepare',
  count: 2,
  since: NOW,
  nextTryAt: NOW + 125_000,
} as const

/** The states of the page by name: the first event, and a function for what a first event cannot cause. */
const states: Readonly<Record<string, readonly [Hello, ((server: FakeInspector, page: Page) => Promise<unknown>)?]>> = {
  'not serving yet': [nothingYet()],
  'in sync': [after(createTransaction(220, 'committed'))],
  running: [after(createTransaction(220, 'running'), { machines: { ...createHello().machines, reload: preparing } })],
  'rolled back': [
    after(createTransaction(220, 'rolled-back'), {
      status: createStatus({
        state: 'rolled-back',
        inSync: false,
        quarantine: [quarantined],
        waiting: { revision: createRevision(220), reason: 'quarantine' },
      }),
      actions,
    }),
  ],
  rejected: [after(createTransaction(220, 'rejected'), { status: createStatus({ state: 'rejected', inSync: false }) })],
  degraded: [after(createTransaction(220, 'degraded'), { status: degraded, actions })],
  frozen: [
    after(createTransaction(220, 'aborted'), {
      status: createStatus({ frozen: { reason: 'sale', since: NOW, waiting: createRevision(220) } }),
      actions,
    }),
  ],
  unreachable: [
    after(createTransaction(220, 'committed'), {
      status: createStatus({
        stale: { since: NOW },
        source: { ...createStatus().source, state: 'backing-off', lastError: createFailure('db', 1) },
      }),
    }),
  ],
  disconnected: [
    after(createTransaction(220, 'committed')),
    async (server, page) => {
      server.fail()
      await page.locator('.connection').waitFor()
    },
  ],
  confirming: [
    after(createTransaction(220, 'running'), {
      status: createStatus({ confirmation: { transaction: 't-220', until: NOW + 90_000 } }),
      machines: { ...createHello().machines, reload: preparing },
      actions,
    }),
  ],
  'the statecharts': [after(createTransaction(220, 'committed')), async (_, page) => openStatecharts(page)],
  'a dialog': [
    after(createTransaction(220, 'committed'), { actions }),
    async (_, page) => {
      await page.getByRole('button', { name: 'Freeze' }).click()
    },
  ],
}

const views = [
  { width: 1600, height: 1000, theme: 'light', rules: 'all' },
  { width: 1600, height: 1000, theme: 'dark', rules: 'contrast' },
  { width: 360, height: 740, theme: 'dark', rules: 'all' },
  { width: 360, height: 740, theme: 'light', rules: 'contrast' },
] as const

describe('axe-core finds no violation, wide and narrow, light and dark,', () => {
  it.each(Object.keys(states))('when the page shows: %s', async (name) => {
    const [hello, prepare] = states[name] ?? [nothingYet()]
    const server = await startFakeInspector(hello)
    const { page, consoleErrors } = await visit(server.url)
    await waitUntilSettled(page)
    await prepare?.(server, page)
    // The charts are the same in every state but for the highlights, so they are checked once.
    const without = name === 'the statecharts' ? [] : ['.chart']
    for (const { theme, rules, ...size } of views) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: theme })
      expect(await findViolations(page, rules, without), `${size.width} ${theme}`).toEqual([])
      expect(await findClippedElements(page), `${size.width} ${theme}`).toEqual([])
      const header = await page.locator('.top').evaluate((element) => element.getBoundingClientRect().height)
      if (size.width === 1600) expect(header, theme).toBeLessThanOrEqual(120)
    }
    // The browser itself reports the broken connection.
    if (name !== 'disconnected') expect(consoleErrors).toEqual([])
  })
})
