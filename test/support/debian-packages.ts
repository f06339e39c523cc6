import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Downloads Debian packages into an empty folder and unpacks them into its `root`. Installs nothing. */
export const unpackPackages = async (folder: string, packages: readonly string[]): Promise<string> => {
  const limits = { cwd: folder, timeout: 120_000 }
  const download = (options: readonly string[]) => run('apt-get', [...options, 'download', ...packages], limits)
  await download([]).catch(async () => {
    // The package list is missing or outdated: fetch one into the folder, which needs no rights and changes nothing.
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
    const own = ['-o', `Dir::State::Lists=${folder}/lists`, '-o', `Dir::Cache=${folder}/cache`]
    await run('apt-get', [...own, '-o', 'APT::Sandbox::User=', 'update'], limits)
    await download(own)
  })
  const files = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
  if (files.length !== packages.length) throw new Error('apt-get did not download all packages')
  for (const file of files) await run('dpkg', ['-x', file, join(folder, 'root')], limits)
  return join(folder, 'root')
}
