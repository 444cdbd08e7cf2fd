#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { cacheFolder } from './cache-folder.ts'

// V8's compiled code: the next start takes half the time.
const cache = cacheFolder()
if ('folder' in cache) enableCompileCache(cache.folder)

// Not awaited here: the bundle is CommonJS.
void import('./cli.ts').then(async ({ runCli }) => {
  process.exitCode = await runCli(process.argv.slice(2))
})
