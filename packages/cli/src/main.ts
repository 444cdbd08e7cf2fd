#!/usr/bin/env node
// Imported as a whole, since an old Node lacks enableCompileCache and would fail before it can say so.
import module from 'node:module'
import { nodeTooOld } from '@falc/engine/node-version'
import { cacheFolder } from './cache-folder.ts'

const problem = nodeTooOld()
if (problem === undefined) {
  // V8's compiled code: with it a start takes half the time.
  const cache = cacheFolder()
  if ('folder' in cache) module.enableCompileCache(cache.folder)

  // Not awaited here: the bundle is CommonJS.
  void import('./cli.ts').then(async ({ runCli }) => {
    process.exitCode = await runCli(process.argv.slice(2))
  })
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
