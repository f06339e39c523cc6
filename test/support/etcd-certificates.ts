import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate and its key: files for etcd, bytes for clients. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certChain: Buffer
  readonly privateKey: Buffer
}

/** A certificate authority for tests. */
export interface Authority {
  /** Its certificate, for those who trust it: a file for etcd, bytes for clients. */
  readonly file: string
  readonly rootCertificate: Buffer
  /**
   * Issues a certificate that is valid for a day, or one that expired in 2020. `names` are those of the server, as openssl
   * writes them; the default is `IP:127.0.0.1`.
   */
  readonly issue: (name: string, validity?: 'valid' | 'expired', names?: string) => Promise<Certificate>
}

/** Creates authorities with openssl, in a folder that `remove` deletes. */
export const createCertificates = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-tls-'))
  let files = 0
  const pathOf = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: folder })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

  const createAuthority = async (name: string): Promise<Authority> => {
    const [file, key, index, config] = ['pem', 'key', 'index', 'cnf'].map((end) => pathOf(`${name}.${end}`)) as [
      string,
      string,
      string,
      string,
    ]
    await openssl('req', '-x509', ...newKey, '-keyout', key, '-out', file, '-subj', `/CN=${name}`, '-days', '2')
    await writeFile(index, '')
    // `openssl ca` signs the same name more than once, and it is the only command that accepts a date in the past.
    await writeFile(`${index}.attr`, 'unique_subject = no\n')
    const database = `database = ${index}\nnew_certs_dir = ${folder}\nserial = ${pathOf(`${name}.serial`)}\n`
    const policy = 'default_md = sha256\npolicy = names\n[names]\ncommonName = supplied\n'
    await writeFile(config, `[ca]\ndefault_ca = own\n[own]\n${database}${policy}`)
    const sign = async (subject: string, validity: 'valid' | 'expired', names: string): Promise<Certificate> => {
      const base = pathOf(`${subject}-${++files}`)
      const [cert, ownKey, asked, extensions] = [`${base}.pem`, `${base}.key`, `${base}.csr`, `${base}.ext`]
      await writeFile(extensions, `subjectAltName = ${names}\nextendedKeyUsage = serverAuth, clientAuth\n`)
      await openssl('req', ...newKey, '-keyout', ownKey, '-out', asked, '-subj', `/CN=${subject}`)
      const dates =
        validity === 'valid' ? ['-days', '1'] : ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z']
      const how = ['-batch', '-config', config, '-create_serial', '-cert', file, '-keyfile', key, '-notext']
      await openssl('ca', ...how, ...dates, '-extfile', extensions, '-in', asked, '-out', cert)
      return { cert, key: ownKey, certChain: await readFile(cert), privateKey: await readFile(ownKey) }
    }
    // One at a time, since openssl keeps its records in files.
    let signing: Promise<unknown> = Promise.resolve()
    const issue: Authority['issue'] = (subject, validity = 'valid', names = 'IP:127.0.0.1') => {
      const signed = signing.then(() => sign(subject, validity, names))
      signing = signed.catch(() => undefined)
      return signed
    }
    return { file, rootCertificate: await readFile(file), issue }
  }
  return { createAuthority, remove: () => rm(folder, { recursive: true, force: true }) }
}
