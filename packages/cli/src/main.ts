#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { cacheFolder } from './cache-folder.ts'

// V8's compiled code: it halves the start of the next call.
const cache = cacheFolder()
if (cache !== undefined) enableCompileCache(cache)

// Not awaited here: the bundle is CommonJS.
void import('./cli.ts').then(async ({ runCli }) => {
  process.exitCode = await runCli(process.argv.slice(2))
})
