import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

// With this condition, packages resolve to their TypeScript sources: tests need no build.
const conditions = ['@falc/source']

/** Tests that watch the whole machine or run containers: they run one after another, after all others. */
const LIVE = [
  'packages/sources-syscall/test/live/**/*.test.ts',
  'packages/sources-syscall/test/containers/{podman,docker,containerd}.test.ts',
  'examples/response-nats/response.test.ts',
  'packages/response/test/engine.test.ts',
  'packages/console/test/live.test.ts',
  'scripts/systemd.test.ts',
  'scripts/packaging/{image,stranger}.test.ts',
  'packages/cli/test/{containers,live-scenario,pods,record,service,syscalls}.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'threads',
    execArgv: ['--conditions=@falc/source'],
    // Generous: the machine may be busy, and a test that hangs is still found.
    testTimeout: 300_000,
    // One switch for expected texts: case files and snapshots.
    update: process.env.FALC_UPDATE === '1',
    hookTimeout: 300_000,
    // NATS' client prints whatever a hostile server sent: tens of megabytes.
    onConsoleLog: text => !text.startsWith('reader closed'),
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'packages/*/test/**/*.test.ts',
            'examples/*/**/*.test.ts',
            'editors/*/test/**/*.test.ts',
            'scripts/**/*.test.ts',
            'rules/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...LIVE],
          // Threads would share descriptors: one that ends closes others', and a program is busy while another thread's child has it open.
          pool: 'forks',
          // Most of them wait for processes and servers: with one for each core, a third of the time no core has anything to do.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'live', include: LIVE, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
