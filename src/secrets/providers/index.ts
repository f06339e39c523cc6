export { type SecretEnvOptions, secretEnv } from './secret-env.ts'
export { type SecretFilesOptions, secretFiles } from './secret-files.ts'
