import { defineConfig } from 'vitest/config'

// Packages resolve to their TypeScript sources through the condition, so tests need no build.
const conditions = ['@falc/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/**/*.test.ts', 'scripts/**/*.test.ts', 'rules/**/*.test.ts'],
    pool: 'threads',
    execArgv: ['--conditions=@falc/source'],
  },
})
