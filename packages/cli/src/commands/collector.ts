import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from '../command.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { Log } from '../log.ts'
import { keepOwnFiles } from '../own-files.ts'
import { configPath } from '../run/loader.ts'
import { RUN_FLAGS } from '../run/run-flags.ts'
import { apiServerOf, clusterDirectory, type SharedBucket } from '../sources/kubernetes.ts'

/** Milliseconds between two lines of the log that say how it goes. */
const REPORT = 600_000

export const collector = defineCommand({
  name: 'collector',
  usage: '[-c FILE] [-o KEY=VALUE]… [--k8s-meta FROM]',
  summary: 'Follow the pods of a Kubernetes cluster once, and publish their metadata to NATS for all nodes',
  flags: { config: RUN_FLAGS.config, option: RUN_FLAGS.option, 'k8s-meta': RUN_FLAGS['k8s-meta'] },
  async run(flags, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (see falc collector --help)`)
    const config = loadConfig(configPath(flags.config), flags.option)
    const { nats } = config.plugins.settings.k8smeta
    if (!nats) throw new CliError('falc collector needs init_config.nats of the plugin k8smeta')
    const log = new Log(config)
    await log.during(() => collect(config, nats, flags['k8s-meta'], log))
    return 0
  },
})

/** Until a signal asks to stop. */
async function collect(config: Config, nats: SharedBucket, from: string | undefined, log: Log): Promise<void> {
  const warn = (text: string) => log.warning(text)
  const server = await apiServerOf(config.plugins.settings.k8smeta.kubeconfig, from)
  const { Bucket, Collector } = await import('@falc/kubernetes/nats')
  const bucket = new Bucket({ connection: nats, bucket: nats.bucket, create: { replicas: nats.replicas } })
  const directory = await clusterDirectory(server, warn)
  const collector = new Collector(directory, bucket, { warn, inform: text => log.info(`Collector: ${text}`) })
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort())
  await keepOwnFiles()
  log.info(`Pods of ${server.server} go to the bucket ${nats.bucket} of ${nats.url.join(', ')}`)
  const report = () => log.info(`Collector: ${collector.size} pods; ${countsText(collector.counts)}`)
  const running = collector.run(stopping.signal)
  while (!stopping.signal.aborted) {
    await sleep(REPORT, undefined, { signal: stopping.signal }).catch(() => {})
    report()
  }
  await running
  directory.close()
  await bucket.close()
}

const countsText = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ')
