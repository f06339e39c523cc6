/** What the definition does not say of itself: what each name means, once, by name. */
export interface MachineWords {
  /** One paragraph for somebody who sees the machine for the first time. */
  readonly intro: string
  readonly states: Readonly<Record<string, string>>
  readonly events: Readonly<Record<string, string>>
  readonly actors: Readonly<Record<string, { readonly does: string; readonly answers: string }>>
  readonly delays: Readonly<Record<string, string>>
  readonly guards: Readonly<Record<string, string>>
  readonly actions: Readonly<Record<string, string>>
}
