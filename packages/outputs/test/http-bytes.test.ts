import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { HttpClient } from '../src/index.ts'

let server: Server | undefined
let client: HttpClient | undefined
afterEach(() => {
  client?.close()
  server?.close()
})

test.each(['ascii', 'größer', '\ud800 alone', ''])('a request is correct byte for byte (body: %j)', async body => {
  const received: Buffer[] = []
  server = createServer(socket =>
    socket.on('data', chunk => {
      received.push(chunk)
      if (Buffer.concat(received).length >= expected.length) socket.end('HTTP/1.1 204 No Content\r\n\r\n')
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const content = Buffer.from(body)
  const head = ['POST /at?a=b HTTP/1.1', 'user-agent: falc', 'x-name: caf\u00e9', '__proto__: x']
  const rest = [`content-length: ${content.length}`, `Host: ${host}`, 'Connection: keep-alive', '', '']
  const expected = Buffer.concat([Buffer.from([...head, ...rest].join('\r\n'), 'latin1'), content])
  const headers = { 'X-Name': 'caf\u00e9', ['__proto__']: 'x' }
  client = new HttpClient({ output: 'chat', proxy: null })
  const request = { url: `http://${host}/at?a=b`, headers, body }
  expect(await client.send(request, new AbortController().signal)).toBeUndefined()
  expect(Buffer.concat(received).toString('latin1')).toBe(expected.toString('latin1'))
})
