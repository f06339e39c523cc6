import type { DocumentStore } from '../../history/document-store.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'
import type { DocumentTarget } from './document-target.ts'

/** What holds a document. */
export interface OpenedStore extends DocumentStore {
  /** Opens what a fleet keeps beside a key of etcd, by the same connection; `callMs` is how long one call may take. */
  readonly fleet?: (callMs: number) => Promise<FleetStore>
}

/** Opens what holds the document. What only etcd needs is loaded for etcd only. */
export const openStore = async (target: DocumentTarget, timeoutMs: number): Promise<OpenedStore> => {
  if (target.kind === 'file') {
    const { fileDocumentStore } = await import('../../sources/file/operator/file-document-store.ts')
    return fileDocumentStore(target.path, timeoutMs)
  }
  const { etcdDocumentStore } = await import('../../sources/etcd/operator/etcd-document-store.ts')
  const deadlines = { callMs: timeoutMs, openMs: timeoutMs, ...(target.options.deadlines as object | undefined) }
  return etcdDocumentStore({ ...target.options, deadlines })
}
