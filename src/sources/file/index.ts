import type { Source } from '../../api/source.ts'
import { createFileSource } from './file-source.ts'
import type { FileSourceOptions } from './options.ts'

export type { FileSourceOptions } from './options.ts'

/**
 * A config file as a source. Survives atomic renames, editors' ways of saving, half-written files, the deletion and return
 * of the file and its folders, and swapped symlinks such as a Kubernetes ConfigMap's `..data`.
 *
 * Reads reject with `source.denied` where permission lacks and with `source.failed` where the path leads to a folder, a
 * pipe or a device. A file over 64 MiB is `document.too-large`. Its watch keeps the process alive until it ends.
 */
export const fileSource = (options: FileSourceOptions): Source => createFileSource(options)
