#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Compiled code is kept in the user's cache folder: it halves the start of the next call. Never in a folder that
// others can write to, such as Node's default below /tmp: falc often runs as root.
const { XDG_CACHE_HOME, HOME } = process.env
const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
if (cache) enableCompileCache(join(cache, 'falc'))

const { runCli } = await import('./cli.ts')
process.exitCode = await runCli(process.argv.slice(2))
