import { read } from '../permanence.ts'

/** The status of an answer that became an error, as clients of HTTP attach it: `status`, `statusCode` or that of `response`. */
export const httpStatusOf = (error: object): number | undefined => {
  const holders = [error, read(error, 'response'), read(error, '$metadata')].filter(isObject)
  const statuses = holders.flatMap((holder) => names.map((name) => read(holder, name)))
  return statuses.find(isFailureStatus)
}

const names = ['status', 'statusCode', 'httpStatusCode'] as const

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isFailureStatus = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 400 && (value as number) < 600
