import { configDefaults, defineConfig } from 'vitest/config'

// Packages resolve to their TypeScript sources through the condition, so tests need no build.
const conditions = ['@falc/source']

/** Tests that watch the whole machine or run containers: one after another, when nothing else disturbs them. */
const LIVE = [
  'packages/sources-syscall/test/live/**/*.test.ts',
  'packages/sources-syscall/test/containers/{podman,docker,containerd}.test.ts',
  'scripts/{pack,systemd}.test.ts',
  'packages/cli/test/{containers,live-scenario,record,service,syscalls}.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'threads',
    execArgv: ['--conditions=@falc/source'],
    // Of a machine that others use, too: a test that hangs is still found.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'packages/*/test/**/*.test.ts',
            'examples/*/**/*.test.ts',
            'scripts/**/*.test.ts',
            'rules/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...LIVE],
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
