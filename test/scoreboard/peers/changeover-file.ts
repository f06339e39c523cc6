import { fileSource } from 'changeover/file'
import { changeover } from './changeover.ts'

export const peer = changeover(({ target: { path = '' } }) => fileSource({ path }))
