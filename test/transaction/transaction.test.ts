import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import type { GenerationRecord } from '../../src/modules/generation.ts'
import type { Commit } from '../../src/modules/serving-store.ts'
import { Transaction } from '../../src/transaction/transaction.ts'

test('a transaction that is released holds no generation any more, and keeps what its record says', () => {
  const transaction = new Transaction({ id: 't1', epoch: 1, trigger: 'change', clock: createVirtualClock() })
  transaction.notePrepared(new Map([['db', {} as GenerationRecord]]), [])
  transaction.noteCommitted({ switches: [], previous: undefined } satisfies Commit, 5)
  transaction.release()
  expect([transaction.staged.size, transaction.commit]).toEqual([0, undefined])
  expect(transaction).toMatchObject({ id: 't1', committedAtMs: 5 })
})
