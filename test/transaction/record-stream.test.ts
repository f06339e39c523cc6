import { expect, test } from 'vitest'
import type { TransactionRecord } from '../../src/model/record.ts'
import { RecordStream } from '../../src/transaction/record-stream.ts'

const record = (id: number): TransactionRecord => ({ id: `${id}` }) as TransactionRecord

test('a stream of records keeps the newest thousand for a slow consumer, and passes them on after its end', async () => {
  const stream = new RecordStream(() => {})
  for (let id = 1; id <= 1_001; id++) stream.push(record(id))
  stream.end()
  const ids: string[] = []
  for await (const { id } of stream) ids.push(id)
  expect([ids.length, ids[0], ids.at(-1)]).toEqual([1_000, '2', '1001'])
})
