#!/usr/bin/env node
// Imported as a whole, since an old Node lacks enableCompileCache and would fail before it can say so.
import module from 'node:module'
import { nodeTooOld } from '@falc/engine/node-version'
import { cacheFolder } from './cache-folder.ts'
import { loadFromCache, saveCode } from './code-cache.ts'

const problem = nodeTooOld()
if (problem === undefined) {
  const args = process.argv.slice(2)
  const runs = args[0] === 'run' || args[0]?.startsWith('-')
  // V8's compiled code: with it a start takes half the time.
  const cache = cacheFolder()
  if ('folder' in cache) {
    const { status } = module.enableCompileCache(cache.folder)
    if (runs && status !== module.constants.compileCacheStatus.DISABLED) loadFromCache(cache.folder)
  }

  // Not awaited here: the bundle is CommonJS.
  void import('./cli.ts').then(async ({ runCli }) => {
    process.exitCode = await runCli(args)
    if (runs) saveCode(false)
  })
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
