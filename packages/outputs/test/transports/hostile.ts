import { type AlertData, alertJson } from '@falc/engine'
import type { Item } from '../../src/model/transport.ts'
import { item } from './items.ts'

/** What an attacker would like people and parsers to read. */
export const LURES = [
  '<!channel> <@U012> <https://evil.example|your bank>',
  '@everyone @here <@&123> [click](https://evil.example) ![x](https://evil.example/pixel.png)',
  '</title><img src=x onerror=alert(1)> **bold** `code` ```\nfence\n``` ~~~',
  '"}],"injected":[{"x":"\\u0000 \u001b[31m\r\nHost: evil',
  '\ud800 lone, \u202e reversed, 𝒳 astral, café',
]

/** An alert in which every text is long and hostile. */
export function hostile(n: number, length = 100_000): Item {
  const lure = LURES.join(' ')
  const long = lure.repeat(Math.ceil(length / lure.length)).slice(0, length)
  const change: Partial<AlertData> = {
    rule: `${LURES[0]} ${long.slice(0, 2000)}`,
    priority: 'Critical',
    tags: Array.from({ length: 60 }, (_, i) => `${i} ${lure}`),
    message: long,
    output: long,
    hostname: `${lure} node`,
    output_fields: {
      ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`field.${i}[${LURES[1]}]`, long.slice(0, 5000)])),
      'container.id': long,
      'k8s.ns.name': long,
      'k8s.pod.name': long,
      absent: null,
      big: 2n ** 63n,
      list: ['a', long],
      empty: '',
    },
  }
  const made = item(n, change)
  return { ...made, body: alertJson(made.alert), text: long }
}
