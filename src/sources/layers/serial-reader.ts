import { SingleFlight } from '../../async/single-flight.ts'
import { type ReadOutcome, SourceReader } from '../../intake/source-reader.ts'

/** Reads one at a time: of two answers the later one is then the newer one, even if the lineage has changed in between. */
export class SerialReader extends SourceReader {
  readonly #flight = new SingleFlight((signal) => super.read(signal))

  override async read(signal: AbortSignal): Promise<ReadOutcome> {
    try {
      return await this.#flight.join(signal)
    } catch (error) {
      return { kind: 'failed', failure: this.failureOf('source.closed', error) }
    }
  }
}
