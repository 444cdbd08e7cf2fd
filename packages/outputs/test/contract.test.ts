/** The contract suite on files, programs and stand-ins, with all HTTP in its own thread; and checks of all options. */
import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { COMMON_OPTIONS, type OptionError, readOutput, TRANSPORTS } from '../src/index.ts'
import { useHttpThread } from '../src/net/http-client.ts'
import { contract } from './contract.ts'
import { PEERS, SERVERS, UNTESTED } from './transports/list.ts'

useHttpThread(0)
contract(PEERS.filter(kind => !SERVERS.includes(kind)))

const source = alerts()
const reading = (warnings: string[] = []) => ({
  path: [],
  source: () => source,
  warn: (_: unknown, reason: string) => void warnings.push(reason),
})

describe.each(TRANSPORTS)('the options of $type', definition => {
  const required = Object.entries(definition.options).filter(([, option]) => (option as { required?: true }).required)
  const valid = Object.fromEntries(
    required.map(([name, option]) => [name, (option as { example?: unknown }).example ?? 'https://host.example/path']),
  )
  const item = { name: 'one', type: definition.type, ...valid }

  test.each(required.map(([name]) => name))('need %s', name => {
    expect(() => readOutput({ ...item, [name]: '' }, reading())).toThrow(`needs the key ${name}`)
  })

  test('accept their examples, warn of an unknown key and refuse a malformed size', () => {
    const warnings: string[] = []
    readOutput({ ...item, quueue: {} }, reading(warnings))
    expect(warnings).toEqual([expect.stringContaining('unknown key quueue')])
    const wrong = () => readOutput({ ...item, queue: { max_bytes: '12 apples' } }, reading())
    expect(wrong).toThrow('max_bytes must be a size such as 4096 or 64MiB')
    expect(errorOf(wrong).path).toEqual(['queue', 'max_bytes'])
  })

  test('do not reuse the names of common options', () => {
    const common = ['name', 'type', 'collapse', 'queue', ...Object.keys(COMMON_OPTIONS)]
    expect(Object.keys(definition.options).filter(name => common.includes(name))).toEqual([])
  })

  test('belong to a transport that the contract suite covers or lists as untested', () => {
    expect(PEERS.some(({ type }) => type === definition.type) || UNTESTED[definition.type]).toBeTruthy()
  })
})

function errorOf(body: () => unknown): OptionError {
  try {
    body()
  } catch (error) {
    return error as OptionError
  }
  throw new Error('there was no error')
}
