/** As much of Express 5 as the documentation uses. */
import type { Server } from 'node:http'

interface Response {
  readonly json: (body: unknown) => Response
  readonly status: (code: number) => Response
}

export type RequestHandler = (request: object, response: Response, next: (error?: unknown) => void) => unknown

interface App {
  readonly get: (path: string, handler: RequestHandler) => App
  readonly use: (handler: RequestHandler) => App
  readonly listen: (port: number) => Server
}

declare const express: { (): App; readonly json: (options: { readonly limit: number }) => RequestHandler }
export default express
