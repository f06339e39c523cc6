import type { ActionName } from '../../../stream/protocol.ts'
import type { Model, Status } from '../model.ts'
import { formatTime } from '../time.ts'

export interface Prompt {
  /** Whether the action would have an effect now. */
  readonly isApplicable: (status: Status) => boolean
  readonly label: string
  readonly title: string
  readonly text: string
  /** A value that the user must enter. */
  readonly field?: { readonly name: string; readonly label: string }
  /** A value that the user may enter. */
  readonly optional?: { readonly name: string; readonly label: string }
  /** The values to choose from; absent, any text is accepted. */
  readonly choices?: (model: Model) => readonly { readonly value: string; readonly label: string }[]
}

const yourName = { name: 'by', label: 'Your name, shown to everyone' }

/** What each action asks before it is sent. */
export const prompts: Readonly<Record<ActionName, Prompt>> = {
  reload: {
    isApplicable: ({ frozen }) => frozen === undefined,
    label: 'Reload now',
    title: 'Reload now?',
    text: 'Reads the source and applies its document if the config differs.',
  },
  retry: {
    isApplicable: ({ quarantine }) => quarantine.length > 0,
    label: 'Retry quarantined',
    title: 'Retry the quarantined document?',
    text: 'Tries the document that failed once more, unchanged.',
  },
  release: {
    isApplicable: ({ quarantine }) => quarantine.length > 0,
    label: 'Release quarantine',
    title: 'Release the quarantine?',
    text: 'Forgets which configs failed and tries the one that is waiting.',
  },
  revert: {
    isApplicable: ({ goodHistory }) => goodHistory.length > 1,
    label: 'Revert…',
    title: 'Revert to an earlier revision?',
    text: 'Freezes changes and applies the earlier config again, as a normal transaction. The source is not written.',
    field: { name: 'to', label: 'Revision' },
    optional: yourName,
    choices: ({ status }) =>
      (status?.goodHistory ?? [])
        .filter(({ digest }) => digest !== status?.serving?.digest)
        .map(({ revision, digest, provedAt }) => ({
          value: digest,
          label: `${revision.name}, passed its soak at ${formatTime(provedAt)}`,
        })),
  },
  freeze: {
    isApplicable: ({ frozen }) => frozen === undefined,
    label: 'Freeze…',
    title: 'Freeze changes?',
    text: 'Changes of the source wait until they are unfrozen. The current config keeps serving.',
    field: { name: 'reason', label: 'Reason, shown to everyone' },
    optional: yourName,
  },
  unfreeze: {
    isApplicable: ({ frozen }) => frozen !== undefined,
    label: 'Unfreeze',
    title: 'Unfreeze changes?',
    text: 'Applies the newest document that waited.',
  },
  confirm: {
    isApplicable: ({ confirmation }) => confirmation !== undefined,
    label: 'Confirm',
    title: 'Confirm this change?',
    text: 'The serving config becomes the last known good. Without confirmation it is rolled back at its deadline.',
  },
}
