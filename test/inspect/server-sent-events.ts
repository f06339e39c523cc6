export interface ReceivedEvent {
  readonly id: number
  readonly event: string
  // The test knows the shape of the event that it expects.
  // biome-ignore lint/suspicious/noExplicitAny: each event has another shape
  readonly data: any
}

/** Parses the complete events in a stream's text. */
export const parseEvents = (text: string): ReceivedEvent[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((frame) => parseEvent(frame) ?? [])

const parseEvent = (frame: string): ReceivedEvent | undefined => {
  const fields = new Map(frame.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]))
  const data = fields.get('data')
  return data === undefined
    ? undefined
    : { id: Number(fields.get('id')), event: fields.get('event') ?? '', data: JSON.parse(data) }
}
