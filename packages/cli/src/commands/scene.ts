import { sceneOf } from '@falc/sources-syscall'
import { defineCommand, print } from '../command.ts'
import { CliError } from '../fail.ts'

export const scene = defineCommand({
  name: 'scene',
  usage: '-e CAPTURE --event N [--test]',
  summary: 'Write an event of a capture, with the state it depends on, as the scene of a test (docs/testing.md)',
  flags: {
    capture: { short: 'e', value: 'FILE', help: 'The capture (.scap)' },
    event: { value: 'N', help: 'Number of the event (evt.num)' },
    test: { help: 'Print it as an item of `tests` in a test file' },
  },
  async run({ capture, event, test }, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (see falc scene --help)`)
    if (capture === undefined || event === undefined)
      throw new CliError('scene needs -e CAPTURE and --event N (see falc scene --help)')
    if (!/^[1-9]\d*$/.test(event)) throw new CliError(`--event needs a whole number from 1, not "${event}"`)
    const lines = await written(capture, Number(event))
    const indented = lines.map(line => `      ${line}\n`).join('')
    print(
      test
        ? `  - name: event ${event}\n    scene: |\n${indented}    expect: {}\n`
        : lines.map(line => `${line}\n`).join(''),
    )
    return 0
  },
})

/** @throws {CliError} when the capture cannot be read, or does not have the event */
async function written(capture: string, event: number): Promise<string[]> {
  let lines: string[] | undefined
  try {
    lines = await sceneOf(capture, event)
  } catch (error) {
    throw new CliError(`Unable to read the capture ${capture}: ${(error as Error).message}`)
  }
  if (lines === undefined) throw new CliError(`${capture} has no event ${event}`)
  return lines
}
