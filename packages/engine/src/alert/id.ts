import { sha256 } from '@noble/hashes/sha2.js'
import { textToBytes } from '../text/encoding.ts'

/** The input of an alert's id: everything that distinguishes one alert from another. */
export interface AlertIdentity {
  /** The machine or cluster whose events these are. */
  readonly identity: string
  readonly source: string
  readonly rule: string
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** Distinguishes the source's events of the same time: a number, an audit ID. */
  readonly event: string | number | bigint
}

/**
 * The id of an alert, 32 hex digits: the first 128 bits of the SHA-256 of the parts as a JSON array of strings. The same event that is
 * replayed or delivered twice has the same id. The hash is cryptographic, since clients choose some of the parts (a request may carry its
 * own audit ID). So no one can craft an alert that a receiver takes for a duplicate of another.
 */
export function alertId({ identity, source, rule, time, event }: AlertIdentity): string {
  return digest([identity, source, rule, String(time), String(event)])
}

/** The part of Node's interface that is used here. Other hosts have no `process`. */
interface Host {
  readonly process?: { getBuiltinModule?(id: string): Native }
}

interface Native {
  hash?(algorithm: string, data: string): string
}

/** Node's own hash is four times as fast; it takes a while to load, so only the first alert that needs an id asks for it. */
let native: Native | undefined

/** 128 bits of the SHA-256 of some texts. */
export function digest(parts: readonly string[]): string {
  const text = JSON.stringify(parts.map(part => part.toWellFormed()))
  native ??= (globalThis as Host).process?.getBuiltinModule?.('crypto') ?? {}
  return (native.hash?.('sha256', text) ?? portableHash(text)).slice(0, 32)
}

/** The slow twin. @returns hex digits */
export function portableHash(text: string): string {
  let hex = ''
  for (const byte of sha256(textToBytes(text))) hex += byte.toString(16).padStart(2, '0')
  return hex
}
