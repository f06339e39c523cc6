import { readFile, writeFile } from 'node:fs/promises'
import { codesTable } from './codes.ts'
import { readmePath, withBlock } from './readme.ts'

await writeFile(readmePath, withBlock(await readFile(readmePath, 'utf8'), 'codes', codesTable()))
