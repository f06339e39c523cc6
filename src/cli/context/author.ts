import type { Context } from './context.ts'
import { usage } from '../target/flags.ts'

const LONGEST = 200

/** Who publishes: as named, as git knows, or the user and the host. */
export const authorOf = async (context: Context): Promise<string> => {
  const named = context.text('author') ?? (await gitAuthor(context.io.cwd)) ?? (await systemAuthor())
  const author = named.replace(/[\p{Cc}]+/gu, ' ').trim()
  if (author === '' || author.length > LONGEST) throw usage(`--author must be a text of 1 to ${LONGEST} characters`)
  return author
}

// What is imported here takes longer to load than most commands run (bench: command).

const gitAuthor = async (folder: string): Promise<string | undefined> => {
  const { spawnSync } = await import('node:child_process')
  const ask = (name: string): string => {
    const { status, stdout } = spawnSync('git', ['config', '--get', name], { cwd: folder, encoding: 'utf8' })
    return status === 0 ? stdout.trim() : ''
  }
  const [name, email] = [ask('user.name'), ask('user.email')]
  if (name === '' && email === '') return undefined
  return email === '' ? name : name === '' ? email : `${name} <${email}>`
}

const systemAuthor = async (): Promise<string> => {
  const { hostname, userInfo } = await import('node:os')
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
