import { Channel, type ChannelOptions } from './channel.ts'
import type { OutputStats } from './counters.ts'
import type { Message, Output } from './output.ts'

/** All outputs of a run: every message goes to each of them. */
export class Outputs {
  readonly #channels: readonly Channel[]

  constructor(outputs: readonly Output[], options: ChannelOptions = {}) {
    this.#channels = outputs.map(output => new Channel(output, options))
  }

  /** @throws {OutputError} of the first output that cannot be opened, after closing the others */
  async open(): Promise<void> {
    try {
      for (const channel of this.#channels) await channel.output.open()
    } catch (error) {
      for (const channel of this.#channels) await channel.output.close(true)
      throw error
    }
  }

  /** Never waits and never throws. */
  push(message: Message): void {
    for (const channel of this.#channels) channel.push(message)
  }

  /** A producer that can wait should `await room()` now. */
  get full(): boolean {
    return this.#channels.some(channel => channel.full)
  }

  /** No output can ever deliver again. */
  get broken(): boolean {
    return this.#channels.every(channel => channel.broken)
  }

  async room(): Promise<void> {
    await Promise.all(this.#channels.map(channel => channel.room()))
  }

  async flush(): Promise<void> {
    await Promise.all(this.#channels.map(channel => channel.flush()))
  }

  async reopen(): Promise<void> {
    await Promise.all(this.#channels.map(channel => channel.reopen()))
  }

  /** See Channel.close. */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    await Promise.all(this.#channels.map(channel => channel.close(deadline, abort)))
  }

  get stats(): OutputStats[] {
    return this.#channels.map(channel => channel.stats)
  }
}
