import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inNetwork, parseAddress, parseIpv4, parseIpv6, parseNetwork, printAddress } from '../../src/fields/address.ts'
import { AddressSet } from '../../src/fields/sets.ts'

const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 })
const v6 = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // With zeros in a row, for the short forms.
  fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 }).map(b => Uint8Array.from(b)),
)

describe('addresses', () => {
  test('print and parse back', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), bytes => {
        const mapped = bytes.length === 16 && /^0{20}ffff/.test(Buffer.from(bytes).toString('hex'))
        expect(parseAddress(printAddress(bytes))).toEqual(mapped ? bytes.slice(12) : bytes)
      }),
    )
  })

  test.each(['::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:1.2.3.4'])('%s is 1.2.3.4', text => {
    expect(parseAddress(text)).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(parseNetwork(`${text}/120`)).toEqual({ bytes: Uint8Array.of(1, 2, 3, 4), prefix: 24 })
  })

  test.each([
    ['::', 0],
    ['::1', 1],
    ['1::', 0],
    ['2001:db8::8:800:200c:417a', 0x7a],
    ['::ffff:1.2.3.4', 4],
    ['1:2:3:4:5:6:7:8', 8],
    ['1:2:3:4:5:6:7::', 0],
    ['fe80::0001', 1],
  ])('%s is an IPv6 address', (text, last) => {
    expect(parseIpv6(text)?.at(-1)).toBe(last)
  })

  test.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8::',
    '::1.2.3',
    '::1.2.3.4.5',
  ])('%s is not an IPv6 address', text => {
    expect(parseIpv6(text)).toBeUndefined()
  })

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.x',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '00.1.2.3',
    '1.2.3.4\0',
  ])('%s is not an IPv4 address', text => {
    expect(parseIpv4(text)).toBeUndefined()
  })

  test.each([
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:0102:0304', '::ffff:1.2.3.4'],
  ])('%s prints as %s', (text, printed) => {
    expect(printAddress(parseIpv6(text)!)).toBe(printed)
  })

  test('a set contains the addresses that its members contain one by one', () => {
    const network = fc
      .tuple(fc.oneof(v4, v6), fc.nat(128))
      .map(([bytes, prefix]) => `${printAddress(bytes)}/${Math.min(prefix, bytes.length * 8)}`)
    const near = fc.tuple(fc.array(network, { maxLength: 5 }), fc.oneof(v4, v6), fc.nat(4), fc.nat(15), fc.nat(255))
    fc.assert(
      fc.property(near, ([networks, other, pick, at, byte]) => {
        // An address of one of the networks with one byte changed is a likely edge case.
        const bytes = (pick < networks.length ? parseNetwork(networks[pick]!).bytes : other).slice()
        bytes[at % bytes.length] = byte
        const expected = networks.some(n => inNetwork(bytes, parseNetwork(n)))
        expect(new AddressSet(networks).test(bytes)).toBe(expected)
        expect(new AddressSet([...networks, bytes]).test(bytes)).toBe(true)
        expect(new AddressSet([other]).test(bytes)).toBe(printAddress(other) === printAddress(bytes))
      }),
      { numRuns: 2000 },
    )
  })
})
