import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isoTime } from '@falc/engine'
import { type DeadLetter, DeadLetters } from '@falc/outputs'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import { configPath } from '../run/loader.ts'

export const deadLetters = defineCommand({
  name: 'dead-letters',
  usage: 'list [OUTPUT] | retry OUTPUT [LETTER…] | drop OUTPUT [LETTER…]',
  summary: 'List, retry or remove alerts that a receiver has refused: all, or those named',
  flags: {
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    queue: {
      value: 'FOLDER',
      help: "The folder of the queues, as with `relay --queue`, instead of the configuration's",
    },
    json: { help: 'List alerts as JSON, one per line' },
  },
  async run(flags, [verb, name, ...letters]) {
    if (verb !== 'list' && verb !== 'retry' && verb !== 'drop')
      throw new CliError('falc dead-letters takes `list`, `retry` or `drop`, and the name of an output')
    const folders = flags.queue === undefined ? configured(flags.config) : foldersIn(flags.queue)
    if (name !== undefined && !folders.has(name)) throw new CliError(`no output with a queue on disk is named ${name}`)
    if (verb === 'list') {
      for (const [output, folder] of folders)
        if (name === undefined || output === name) await list(output, folder, flags.json)
      return 0
    }
    if (name === undefined) throw new CliError(`falc dead-letters ${verb} needs the name of an output`)
    const kept = new DeadLetters(folders.get(name)!)
    const known = await kept.names()
    const missing = letters.filter(letter => !known.includes(letter))
    if (missing.length > 0) throw new CliError(`${name} has no dead letter ${printable(missing.join(', '))}`)
    const count = await kept[verb](letters.length > 0 ? letters : known)
    print(
      `${count} ${verb === 'drop' ? 'removed' : `to be delivered by the falc that uses ${folders.get(name)}, now or when it starts`}\n`,
    )
    return letters.length > count ? 1 : 0
  },
})

/** By name, the folders of queues on disk. */
function configured(path: string | undefined): Map<string, string> {
  const { outputs } = loadConfig(configPath(path), [])
  return new Map(outputs.flatMap(({ name, queue: { disk } }) => (disk === undefined ? [] : [[name, join(disk, name)]])))
}

function foldersIn(folder: string): Map<string, string> {
  try {
    const names = readdirSync(folder).filter(name => statSync(join(folder, name, 'dead'), { throwIfNoEntry: false }))
    return new Map(names.map(name => [name, join(folder, name)]))
  } catch (error) {
    throw new CliError(`--queue: ${(error as Error).message}`)
  }
}

async function list(output: string, folder: string, json: boolean): Promise<void> {
  for await (const letter of new DeadLetters(folder).list())
    print(json ? jsonLine(output, letter) : textLine(output, letter))
}

/** A receiver's words and an alert's text are others': they stay on their line. */
function textLine(output: string, { name, time, cause, message, alert }: DeadLetter): string {
  const refused = `${isoTime(BigInt(time) * 1_000_000n)} ${cause}: ${message}`
  return `${printable(`${output} ${name} ${refused} | ${alert.rule}: ${alert.output}`)}\n`
}

function jsonLine(output: string, { name, time, cause, message, alert }: DeadLetter): string {
  const letter = { output, letter: name, refused: isoTime(BigInt(time) * 1_000_000n), cause, message }
  const { id, rule, priority, source, hostname, output: text } = alert
  return `${JSON.stringify({ ...letter, alert: { id, rule, priority, source, hostname, output: text } })}\n`
}
