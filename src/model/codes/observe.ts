/** What goes wrong between a reloader and the libraries that observe it. */
export const observeCodes = {
  'metrics.foreign-registry': {
    what: 'The register is not a registry of prom-client',
    hint: "Pass a Registry of prom-client, such as its `register`. For OpenTelemetry, use `otel` of 'changeover/otel'.",
  },
  'metrics.registered-twice': {
    what: 'The registry has a metric of this name already',
    hint: 'Call metrics once for each reloader and registry. For two reloaders in one registry, give each of them other values of the same `labels`; for metrics of another library, use another registry.',
  },
} as const
