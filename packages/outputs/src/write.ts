import { write } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const writeSome = promisify(write) as unknown as (
  fd: number,
  data: Uint8Array,
  offset: number,
) => Promise<{ bytesWritten: number }>

/** Milliseconds until a descriptor that another process made non-blocking is tried again. */
const RETRY_AFTER = 5

/** Writes all of `text` to a file or terminal. @throws the system's error (ENOSPC, EIO …) */
export async function writeFd(fd: number, text: string): Promise<void> {
  const data = Buffer.from(text)
  let offset = 0
  while (offset < data.length) {
    try {
      offset += (await writeSome(fd, data, offset)).bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await sleep(RETRY_AFTER)
    }
  }
}

/** Resolves when the operating system has taken `text`. @throws the stream's error (EPIPE when the reader has gone) */
export function writeStream(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, error => (error ? reject(error) : resolve()))
  })
}

/** Messages as lines. */
export function lines(messages: readonly { readonly line: string }[]): string {
  let text = ''
  for (const message of messages) text += `${message.line}\n`
  return text
}
