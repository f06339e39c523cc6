import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { targetOf } from '../../api/internal/source-target.ts'
import type { Source } from '../../api/source.ts'
import { changeoverError } from '../../model/failure.ts'
import { usage } from './flags.ts'

/** A layer that a command works on: one that is no layers itself. */
export interface LeafLayer {
  /** Its name; that of a layer in layers follows theirs, after a slash. */
  readonly name: string
  readonly source: Source
}

/** What the command line says of the layer. */
export interface LayerWish {
  /** `--layer` */
  readonly name: string | undefined
  /** The target, if flags or the environment name one. */
  readonly file: string | undefined
  readonly key: string | undefined
  /** The file that is checked. */
  readonly given: string | undefined
  readonly folder: string
}

/**
 * Chooses the layer that is named, or that holds what is named, or the only one that can be written. Undefined if the source is
 * not made of layers.
 *
 * @throws ChangeoverError `command.usage` for a name that no layer has, `command.layer-needed` if several can be meant
 */
export const chooseLayer = (source: object | undefined, wish: LayerWish): LeafLayer | undefined => {
  const leaves = source === undefined ? undefined : leavesOf(source)
  if (leaves === undefined) {
    if (wish.name !== undefined) throw usage('--layer: the source of changeover.config is not made of layers')
    return undefined
  }
  const names = leaves.map(({ name }) => name).join(', ')
  if (wish.name !== undefined) {
    const named = leaves.find(({ name }) => name === wish.name)
    if (named === undefined) throw usage(`--layer must be one of the layers: ${names}`)
    return named
  }
  const writable = leaves.filter((leaf) => isWritable(leaf))
  const meant = [
    writable.filter((leaf) => holdsTarget(leaf, wish)),
    wish.given === undefined
      ? []
      : writable.filter((leaf) => fileOf(leaf) === resolve(wish.folder, String(wish.given))),
    writable,
  ].find(({ length }) => length === 1)
  const [only] = meant ?? []
  if (only === undefined) throw changeoverError('command.layer-needed', { detail: `the layers are ${names}` })
  return only
}

const leavesOf = (source: object, prefix = ''): readonly LeafLayer[] | undefined => {
  const target = targetOf(source)
  if (target?.kind !== 'layers') return undefined
  return target.layers.flatMap((layer) => {
    const name = `${prefix}${layer.name}`
    return leavesOf(layer.source, `${name}/`) ?? [{ name, source: layer.source }]
  })
}

const optionsOf = ({ source }: LeafLayer): Readonly<Record<string, unknown>> => {
  const target = targetOf(source)
  return target?.kind === 'etcd' || target?.kind === 'file' ? (target.options as Readonly<Record<string, unknown>>) : {}
}

const isWritable = (leaf: LeafLayer): boolean => fileOf(leaf) !== undefined || optionsOf(leaf).key !== undefined

const fileOf = (leaf: LeafLayer): string | undefined => {
  const { path } = optionsOf(leaf)
  if (path instanceof URL) return fileURLToPath(path)
  return typeof path === 'string' ? resolve(path) : undefined
}

const holdsTarget = (leaf: LeafLayer, { file, key, folder }: LayerWish): boolean =>
  file === undefined ? key !== undefined && optionsOf(leaf).key === key : fileOf(leaf) === resolve(folder, file)
