/** As much of ioredis 5 as the documentation uses. */
export declare class Redis {
  constructor(url: string, options: { readonly lazyConnect: boolean; readonly commandTimeout: number })
  on(event: 'error', listener: (error: Error) => void): this
  connect(): Promise<void>
  disconnect(): void
  ping(): Promise<'PONG'>
  quit(): Promise<'OK'>
  get(key: string): Promise<string | null>
  set(key: string, value: string, unit: 'EX', seconds: number): Promise<'OK'>
}
