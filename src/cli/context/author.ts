import { spawnSync } from 'node:child_process'
import { hostname, userInfo } from 'node:os'
import type { Context } from './context.ts'
import { usage } from '../target/flags.ts'

const LONGEST = 200

/** Who publishes: as named, as git knows, or the user and the host. */
export const authorOf = (context: Context): string => {
  const named = context.text('author') ?? gitAuthor(context.io.cwd) ?? systemAuthor()
  const author = named.replace(/[\p{Cc}]+/gu, ' ').trim()
  if (author === '' || author.length > LONGEST) throw usage(`--author must be a text of 1 to ${LONGEST} characters`)
  return author
}

const gitAuthor = (folder: string): string | undefined => {
  const ask = (name: string): string => {
    const { status, stdout } = spawnSync('git', ['config', '--get', name], { cwd: folder, encoding: 'utf8' })
    return status === 0 ? stdout.trim() : ''
  }
  const [name, email] = [ask('user.name'), ask('user.email')]
  if (name === '' && email === '') return undefined
  return email === '' ? name : name === '' ? email : `${name} <${email}>`
}

const systemAuthor = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `unknown@${hostname()}` // a user id without a name, as in many containers
  }
}

const LONGEST_REASON = 2_000

/** Why it is published; empty if no reason is given. */
export const reasonOf = (context: Context): string => {
  const reason = (context.text('message') ?? '').trim()
  if (reason.length > LONGEST_REASON) throw usage(`--message must have at most ${LONGEST_REASON} characters`)
  return reason
}
