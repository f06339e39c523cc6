/** What of the observers must compile, and what must not: checked by `npm run types`. */
import { metrics as otelMetrics, trace } from '@opentelemetry/api'
import { type ChannelMessages, createReloader, type Source } from 'changeover'
import { type Health, health } from 'changeover/health'
import { otel } from 'changeover/otel'
import { metrics } from 'changeover/prometheus'
import { type OpenMetricsContentType, Registry, register } from 'prom-client'
import { z } from 'zod'

declare const source: Source
const reloader = createReloader({ source, schema: z.strictObject({ max: z.number() }) })

const remove: () => void = metrics(reloader, { register })
metrics(reloader, { register: new Registry<OpenMetricsContentType>(), labels: { part: 'shop' } })
// @ts-expect-error a registry is needed
metrics(reloader, {})
// @ts-expect-error a meter provider is no registry
metrics(reloader, { register: otelMetrics.getMeterProvider() })
// @ts-expect-error labels are strings
metrics(reloader, { register, labels: { part: 1 } })

const stop: () => void = otel(reloader)
otel(reloader, { tracerProvider: trace.getTracerProvider(), attributes: { part: 1 } })
// @ts-expect-error a registry is no provider
otel(reloader, { meterProvider: register })

const probes: Health = health(reloader, { unreadyWhen: ({ degraded }) => degraded.length > 3 })
const live: true = probes.live()
// @ts-expect-error the answer must be there at once
health(reloader, { unreadyWhen: async () => true })

const lines = (message: ChannelMessages['changeover:transaction']): string =>
  message.kind === 'ended' ? message.record.outcome : message.transaction
const phases = ({ module, ended }: ChannelMessages['changeover:phase']): string => `${module} ${ended?.result}`

export const kept = [remove, stop, live, lines, phases]
