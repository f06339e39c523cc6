import type { FormatName } from './text-format.ts'

export const formatNames: readonly FormatName[] = ['json', 'jsonc', 'yaml', 'toml']
