/** Acts in new containers, live: rules see the metadata, in the first milliseconds as well. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missing, Podman } from '../../sources-syscall/test/containers/podman.ts'
import { noLive } from './machine.ts'
import { startFalc } from './process.ts'

const reason = noLive() ?? missing()
const ROUNDS = 5
/** No other test's container asks for it. */
const FILE = `/etc/falc-act-${process.pid}`

describe.skipIf(reason !== undefined)('acts in new containers', { timeout: 120_000 }, () => {
  let podman: Podman
  beforeAll(async () => {
    podman = await Podman.start()
  }, 60_000)
  afterAll(() => podman.stop(), 60_000)

  const rules = (image: string) => `
- rule: known image
  desc: d
  condition: evt.type in (open, openat) and fd.name = ${FILE} and proc.name in (cat, sh, busybox) and container.image.repository = ${image}
  output: "read in %container.name of %container.image.repository:%container.image.tag team=%container.label[team] privileged=%container.privileged"
  priority: NOTICE
- rule: other image
  desc: d
  condition: evt.type in (open, openat) and fd.name = ${FILE} and proc.name in (cat, sh, busybox) and container.id != host and not container.image.repository = ${image}
  output: "read in %container.name of %container.image.repository"
  priority: NOTICE
`

  async function detect(holdMs: number) {
    const path = join(tmpdir(), `falc-containers-${process.pid}.yaml`)
    const repository = podman.image.slice(0, -3)
    writeFileSync(path, rules(repository))
    const engines = `{podman: {sockets: [${podman.socket}]}}`
    const plugin = `plugins[0]={name: container, init_config: {hold_ms: ${holdMs}, engines: ${engines}}}`
    const falc = startFalc(['run', '-r', path, '-o', plugin], tmpdir())
    await falc.sees('Opening event source')
    for (let i = 0; i < ROUNDS; i++) {
      await podman
        .do(
          'run',
          '--rm',
          '--network',
          'none',
          '--name',
          `falc-act-${process.pid}-${i}`,
          podman.image,
          'sh',
          '-c',
          // It reads at once, and stays until a busy machine's podman has answered.
          `/bin/busybox cat ${FILE}; sleep 1`,
        )
        // There is no such file: to try to open it is enough.
        .catch(() => {})
    }
    await new Promise(resolve => setTimeout(resolve, holdMs))
    falc.child.kill('SIGINT')
    await falc.exit
    return falc.output
  }

  test('metadata is waited for', async () => {
    const { stdout } = await detect(3000)
    const lines = stdout.split('\n').filter(line => line.includes(`falc-act-${process.pid}`) || line.includes('<NA>'))
    const repository = podman.image.slice(0, -3)
    expect(lines.map(line => line.replace(/^\S+ /, ''))).toEqual(
      Array.from(
        { length: ROUNDS },
        (_, i) => `Notice read in falc-act-${process.pid}-${i} of ${repository}:v1 team=blue privileged=false`,
      ),
    )
  })
})
