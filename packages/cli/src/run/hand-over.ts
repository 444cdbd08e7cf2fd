import type { Config } from '../config/config.ts'

/** Types of outputs to which receivers connect: their receivers are connected to the other engine. */
const SERVING: readonly string[] = ['grpc', 'prometheus', 'stream']

/**
 * The configuration of an engine that watches while another one with the same configuration is replaced: it opens nothing that only one
 * process can hold.
 * @returns with a warning that names what is left out
 */
export function besideAnother(config: Config): Config {
  const { webserver, console, response, metrics, outputs } = config
  const serving = outputs.filter(({ type, enabled }) => enabled && SERVING.includes(type))
  const queued = outputs.some(({ enabled, queue }) => enabled && queue.disk !== undefined)
  const without = [
    ...(webserver.enabled ? ['the web server'] : []),
    ...(console.enabled ? ['the console'] : []),
    ...(response.playbooks.length > 0 ? ['playbooks'] : []),
    ...serving.map(({ name }) => `output ${name}`),
    ...(queued ? ['queues on disk'] : []),
  ]
  return {
    ...config,
    webserver: { ...webserver, enabled: false },
    console: { ...console, enabled: false },
    metrics: { ...metrics, enabled: false },
    // The responder's journal is the other's: alerts of these seconds are delivered, and no playbook acts on them.
    response: { ...response, playbooks: [] },
    outputs: outputs
      .filter(({ type }) => !SERVING.includes(type))
      .map(({ queue: { disk: _, ...queue }, ...output }) => ({ ...output, queue })),
    warnings:
      without.length === 0
        ? config.warnings
        : [...config.warnings, `--hand-over: another engine has ${without.join(', ')}; this one goes without`],
  }
}
