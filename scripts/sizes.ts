/** The size limits of files: a file has one subject, and can be read in one go. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, trackedFiles } from './docs/markdown.ts'

const MAX_LINES = 300

/** Longer files, with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'packages/sources-syscall/src/events/ids.ts': 'a number per event: nothing to read',
}

/** One line per file that is too long, or allowed to be and is not. Generated files are of any length. */
export function longFiles(): string[] {
  const files = trackedFiles().filter(name => /\.(?:tsx?|c|h|sh)$/.test(name) && !/\.gen\.\w+$/.test(name))
  return files.flatMap(name => {
    const lines = readFileSync(join(ROOT, name), 'utf8').split('\n').length - 1
    if (lines > MAX_LINES === Object.hasOwn(ALLOWED, name)) return []
    return lines > MAX_LINES
      ? `${name}: has ${lines} lines, more than ${MAX_LINES}: split it by subject (or give a reason in scripts/sizes.ts)`
      : `scripts/sizes.ts: ${name} has no more than ${MAX_LINES} lines`
  })
}
