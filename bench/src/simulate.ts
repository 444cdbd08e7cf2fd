/**
 * `falc respond simulate` on a store of SIMULATE_ALERTS alerts (default 100,000) of a month, with two playbooks. One matches a thirtieth of
 * the alerts, the other all, so every alert is planned and guarded. The goal is 30 s for a million.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { StoreThread } from '@falc/store'
import { root } from './files.ts'
import { report } from './measure.ts'
import { history } from './store.ts'

const COUNT = Number(process.env.SIMULATE_ALERTS ?? 100_000)
const BATCH = 2048

const PLAYBOOKS = `
- playbook: Contain
  when: alert.rule = "Rule number 2" and not k8s.ns.name in (ns-1)
  mode: enforce
  steps: [{ isolate_pod: { for: 2h } }]
- playbook: Tell
  when: alert.priority >= Debug
  mode: enforce
  steps: [{ stop_container: {} }]
`

export async function benchSimulate(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-bench-simulate-'))
  try {
    const [db, playbooks] = [join(folder, 'alerts.db'), join(folder, 'playbooks.yaml')]
    writeFileSync(playbooks, PLAYBOOKS)
    await fill(db)
    const start = performance.now()
    const cpu = cpuSeconds([join(root, 'falc'), 'respond', 'simulate', '--db', db, '-f', playbooks])
    const wall = (performance.now() - start) / 1000
    report(
      `simulate, ${COUNT.toLocaleString('en')} alerts`,
      `${wall.toFixed(1)} s`,
      COUNT === 1_000_000 ? 'under 30 s' : '',
    )
    report('simulate, CPU of a million at this rate', `${((cpu / COUNT) * 1e6).toFixed(1)} s`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(path: string): Promise<void> {
  const thread = new StoreThread({ path })
  let batch: AlertData[] = []
  for (const alert of history(COUNT)) {
    batch.push(alert)
    if (batch.length < BATCH) continue
    await thread.insert(batch)
    batch = []
  }
  await thread.insert(batch)
  await thread.close()
}

/** User and system, as the shell knows them of what it has started. */
function cpuSeconds(command: readonly string[]): number {
  const script = '"$@" >/dev/null || exit; times'
  const said = execFileSync('sh', ['-c', script, 'sh', ...command], { encoding: 'utf8' })
  const times = [
    ...said
      .trim()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g),
  ]
  return times.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0)
}
