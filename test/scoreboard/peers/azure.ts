/** `load` with refresh at the shortest interval allowed, `refresh()` on a timer as the tutorial shows, `onRefresh`. */
import { load } from '../load.ts'
import type { Peer } from '../model.ts'

interface Settings {
  readonly refresh: () => Promise<void>
  readonly onRefresh: (listener: () => void) => void
  readonly constructConfigurationObject: () => unknown
}
interface Azure {
  readonly load: (connection: string, options: object) => Promise<Settings>
}

let settings: Settings | undefined

export const peer: Peer = {
  start: async ({ target: { endpoint }, tell, tellAll, onError }) => {
    const azure = await load<Azure>('@azure/app-configuration-provider')
    const made = await azure.load(`Endpoint=${endpoint};Id=id;Secret=c2VjcmV0`, {
      refreshOptions: { enabled: true, refreshIntervalInMs: 1_000 },
      clientOptions: { allowInsecureConnection: true },
      replicaDiscoveryEnabled: false,
    })
    settings = made
    void tellAll(made.constructConfigurationObject())
    made.onRefresh(() => void tell('first', made.constructConfigurationObject()))
    made.onRefresh(() => void tell('second', made.constructConfigurationObject()))
    setInterval(() => void made.refresh().catch(onError), 1_000)
  },
  read: () => settings?.constructConfigurationObject(),
}
