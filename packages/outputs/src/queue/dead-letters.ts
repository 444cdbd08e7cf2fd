import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AlertData, parseAlert } from '@falc/engine'
import type { Failure } from '../model/answer.ts'
import { Device } from './device.ts'
import { FILES, type Files, MODE, OPEN, removeFile } from './files.ts'
import { printStored } from './stored.ts'

/** Letters of one output. */
const MAX_LETTERS = 10_000

/** Bytes of one letter that are read. */
const MAX_SIZE = 16 * 1024 * 1024

/** Letters that wait for the disk. */
const MAX_WAITING = 1000

/** Temporary errors, which say nothing about the file: the process or the machine is out of descriptors or memory. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** An alert that the receiver refused. */
export interface DeadLetter {
  /** Names it in commands: the time of the refusal and the beginning of the alert's id. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** As in metrics. */
  readonly cause: string
  readonly message: string
  readonly alert: AlertData
}

/**
 * The dead letters of an output: files in `dead` of its queue's folder, one per letter, so that commands can list and remove them
 * while falc runs. Those that are moved to `retry` are delivered once more.
 */
export class DeadLetters {
  readonly #dead: string
  readonly #retry: string
  readonly #files: Files
  readonly #device: Device
  /** Letters that there may be: commands remove some. */
  #count = 0
  #counting: Promise<void> | undefined
  #waiting: { readonly name: string; readonly text: string }[] = []
  #made = 0

  /** @param folder of the queue */
  constructor(folder: string, { files = FILES, device = new Device() }: { files?: Files; device?: Device } = {}) {
    this.#dead = join(folder, 'dead')
    this.#retry = join(folder, 'retry')
    this.#files = files
    this.#device = device
  }

  /** Makes the folders, and counts what they hold. */
  async prepare(): Promise<void> {
    for (const folder of [this.#dead, this.#retry]) await mkdir(folder, { recursive: true, mode: 0o700 })
    this.#count = await this.#device.call(async () => (await this.#names(this.#dead)).length)
  }

  /** Keeps a letter, which is written with the next `write`. @returns false: there are too many */
  add(alert: AlertData, { cause, message }: Failure): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false
    if (this.#count + this.#waiting.length >= MAX_LETTERS) {
      this.#counting ??= this.prepare()
        .catch(() => {})
        .finally(() => {
          this.#counting = undefined
        })
      return false
    }
    const time = Date.now()
    const head = JSON.stringify({ time, cause, message })
    // No two letters have the same name, whatever the clock says.
    const name = `${time}-${this.#made++ % 1000}-${alert.id.replace(/[^0-9a-f]/g, '').slice(0, 8)}.json`
    this.#waiting.push({ name, text: `${head}\n${printStored(alert)}\n` })
    return true
  }

  get unwritten(): number {
    return this.#waiting.length
  }

  /** Writes the letters that wait. @throws when that is not possible: they wait on */
  async write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const { name, text } = this.#waiting[0]!
      await this.#device.call(() => this.#write(name, text))
      this.#waiting.shift()
      this.#count++
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.#dead, name)
    const part = `${file}.part`
    await removeFile(this.#dead, `${name}.part`, this.#files)
    const handle = await this.#files.open(part, OPEN.create, MODE)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await this.#files.rename(part, file)
  }

  /**
   * All letters, the oldest first. Those that cannot be read are left out.
   * @throws when descriptors or memory are short
   */
  async *list(): AsyncGenerator<DeadLetter, void> {
    for (const name of await this.#names(this.#dead)) {
      const letter = await this.#read(this.#dead, name)
      if (letter) yield letter
    }
  }

  /** Names of all letters, the oldest first. */
  async names(): Promise<string[]> {
    return (await this.#names(this.#dead)).map(name => name.slice(0, -'.json'.length))
  }

  /** @param names of some letters @returns how many of them there were */
  async drop(names: Iterable<string>): Promise<number> {
    let count = 0
    for (const name of names) if (isName(name) && (await removeFile(this.#dead, `${name}.json`, this.#files))) count++
    return count
  }

  /** Requests another delivery of letters from the process that uses the queue. @returns how many of them there were */
  async retry(names: Iterable<string>): Promise<number> {
    let count = 0
    for (const name of names) {
      if (!isName(name)) continue
      try {
        await this.#files.rename(join(this.#dead, `${name}.json`), join(this.#retry, `${name}.json`))
        count++
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    return count
  }

  /** The first of the letters to be delivered once more: to be removed by `retried`, when they are in the queue. */
  async wanted(limit: number): Promise<DeadLetter[]> {
    return this.#device.call(async () => {
      const letters: DeadLetter[] = []
      for (const name of (await this.#names(this.#retry)).slice(0, limit)) {
        const letter = await this.#read(this.#retry, name)
        if (letter) letters.push(letter)
        else await this.#files.rename(join(this.#retry, name), join(this.#retry, `${name}.unreadable`))
      }
      return letters
    })
  }

  async retried(letters: readonly DeadLetter[]): Promise<void> {
    await this.#device.call(async () => {
      for (const { name } of letters) await removeFile(this.#retry, `${name}.json`, this.#files)
    })
  }

  async #names(folder: string): Promise<string[]> {
    try {
      const names = await this.#files.readdir(folder)
      return names.filter(name => name.endsWith('.json') && isName(name.slice(0, -'.json'.length))).sort(byTime)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  async #read(folder: string, name: string): Promise<DeadLetter | undefined> {
    try {
      const handle = await this.#files.open(join(folder, name), OPEN.read)
      try {
        const stats = await handle.stat()
        if (!stats.isFile() || stats.size > MAX_SIZE) return undefined
        const [head = '', alert = ''] = (await handle.readFile('utf8')).split('\n')
        const { time, cause, message } = JSON.parse(head)
        return { name: name.slice(0, -'.json'.length), time, cause, message, alert: parseAlert(alert) }
      } finally {
        await handle.close()
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!(error instanceof SyntaxError) && (code === undefined || SHORTAGES.has(code))) throw error
      return undefined
    }
  }
}

/** No part of a letter's name leads out of its folder. */
function isName(name: string): boolean {
  return /^[\w-]+$/.test(name)
}

function byTime(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1)
}
