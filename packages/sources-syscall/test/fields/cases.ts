import { readFileSync } from 'node:fs'

/** Lines of a case file that are neither empty nor comments, with their numbers. */
export function readCases(name: string): { line: number; text: string }[] {
  return readFileSync(new URL(`cases/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .map((text, i) => ({ line: i + 1, text }))
    .filter(({ text }) => text.trim() !== '' && !text.startsWith('#'))
}
