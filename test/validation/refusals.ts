import { createReloader, type Failure, type ReloaderOptions, type Schema } from 'changeover'
import { memorySource } from 'changeover/testing'

/** Returns why a document is refused, by a dry run; throws if it is not. */
export const failuresOf = async (
  schema: Schema,
  document: unknown,
  options: Partial<ReloaderOptions<never>> = {},
): Promise<readonly Failure[]> => {
  const reloader = createReloader({ source: memorySource(), schema, ...(options as object) })
  const report = await reloader.plan(typeof document === 'string' ? document : JSON.stringify(document))
  await reloader.close()
  if (report.verdict !== 'rejected') throw new Error(`Expected a refusal, but got ${report.verdict}`)
  return report.failures
}
