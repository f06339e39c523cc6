import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { invalidOption } from '../../../model/option-checks.ts'

/** TLS certificates and keys, in PEM. */
export interface EtcdCredentials {
  /** The certificate authorities that are trusted. */
  readonly rootCertificate: Buffer
  /** The key of the client's own certificate, if etcd asks for one. */
  readonly privateKey?: Buffer
  /** The client's own certificate. */
  readonly certChain?: Buffer
}

/** A user of etcd. */
export interface EtcdAuth {
  readonly username: string
  readonly password: string
}

/** Checks and copies TLS credentials. @throws ChangeoverError `reloader.invalid-option` */
export const toCredentials = (given: EtcdCredentials): EtcdCredentials => {
  try {
    const { rootCertificate, privateKey, certChain } = given
    new X509Certificate(rootCertificate) // Node would ignore an invalid one
    for (const one of [rootCertificate, privateKey, certChain]) if (!isBuffer(one)) throw refused()
    if ((privateKey === undefined) !== (certChain === undefined)) throw refused()
    createSecureContext({ ca: rootCertificate, key: privateKey, cert: certChain })
    return {
      rootCertificate,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(certChain === undefined ? {} : { certChain }),
    }
  } catch {
    throw refused() // without the cause, which may quote the key
  }
}

const isBuffer = (given: unknown): boolean => given === undefined || Buffer.isBuffer(given)

const refused = () =>
  invalidOption(
    'etcd: credentials must be PEM buffers: rootCertificate, and privateKey together with certChain; or a function that returns them',
  )

/** Checks and copies a user and a password. @throws ChangeoverError `reloader.invalid-option` */
export const toAuth = (given: EtcdAuth): EtcdAuth => {
  const { username, password } = given ?? {}
  if (typeof username === 'string' && typeof password === 'string' && username !== '') return { username, password }
  throw invalidOption('etcd: auth must be { username, password }, or a function that returns it')
}
