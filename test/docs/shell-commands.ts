import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pages.ts'

interface Manifest {
  readonly name: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Packages that the documentation installs and the project does not. */
const others = [
  '@babel/plugin-transform-modules-commonjs',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'express',
  'fastify',
]
const packages = new Set([
  manifest.name,
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.devDependencies),
  ...others,
])

const tools = new Set(['changeover', 'esbuild', 'jest', 'tsx', 'vitest'])
const systemCommands = new Set(['cp', 'echo', 'mv', 'ssh', 'curl'])

/** True if a line of a shell block can be run by a reader: its script, file, package or tool exists. */
export const isKnownCommand = (line: string): boolean => {
  const [command = '', ...words] = line
    .replace(/^(?:[A-Z_]+=\S+ )+/, '')
    .replace(/\s+#.*$/, '')
    .split(' ')
  if (command === 'npm') return isNpmCommand(words)
  if (command === 'npx') return tools.has(words[0] ?? '')
  if (command === 'node') return words[0] === '--import' && words[1] === 'tsx' && existsSync(join(root, words[2] ?? ''))
  if (command === 'bash') return existsSync(join(root, words[0] ?? ''))
  return systemCommands.has(command)
}

const isNpmCommand = ([command = '', ...words]: readonly string[]): boolean => {
  if (command === 'i') return words.every((word) => word === '-D' || packages.has(word.replace(/(?<=.)@[\d.]+$/, '')))
  const script = command === 'run' ? (words[0] ?? '') : command
  return Object.hasOwn(manifest.scripts, script)
}
