/** As much of @jest/globals 30 as the documentation uses. */
interface Matchers {
  readonly toEqual: (expected: unknown) => void
  readonly toMatchObject: (expected: object) => void
}

export declare const expect: (actual: unknown) => Matchers
export declare const test: (name: string, run: () => Promise<void>, timeoutMs?: number) => void
