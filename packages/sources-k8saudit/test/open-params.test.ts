import { expect, test } from 'vitest'
import { parseOpenParams } from '../src/index.ts'

test.each([
  ['/var/log/audit.json', { kind: 'file', path: '/var/log/audit.json' }],
  [' relative/audit.json ', { kind: 'file', path: 'relative/audit.json' }],
  ['file:///var/log/a', { kind: 'file', path: '/var/log/a' }],
  ['-', { kind: 'stdin' }],
  ['http://:9765/k8s-audit', { kind: 'webhook', tls: false, host: '', port: 9765, path: '/k8s-audit' }],
  ['https://:443/k8s-audit', { kind: 'webhook', tls: true, host: '', port: 443, path: '/k8s-audit' }],
  ['http://127.0.0.1:0', { kind: 'webhook', tls: false, host: '127.0.0.1', port: 0, path: '/k8s-audit' }],
  ['HTTP://[::1]:1/a/b', { kind: 'webhook', tls: false, host: '::1', port: 1, path: '/a/b' }],
  ['https://host', { kind: 'webhook', tls: true, host: 'host', port: 9765, path: '/k8s-audit' }],
  ['nats://n:4223/A/b/c', { kind: 'nats', server: 'nats://n:4223', stream: 'A', subject: 'b.c' }],
  ['tls://n', { kind: 'nats', server: 'tls://n:4222', stream: 'K8S_AUDIT', subject: undefined }],
])('%s', (text, expected) => {
  expect(parseOpenParams(text)).toEqual(expected)
})

test.each([
  ['', 'open_params is empty'],
  ['ftp://:1/x', 'scheme "ftp" is not supported'],
  ['http://:99999/x', 'port 99999 is out of range'],
  ['http://:port/x', 'not of the form'],
  ['http://a:1/x?y', 'not of the form'],
  ['nats://n/a.b', 'in letters, digits, _ and -'],
  ['nats://n/A/>', 'in letters, digits, _ and -'],
  ['nats:///A', 'is not of the form nats://host:port/STREAM/SUBJECT'],
])('%s is an error', (text, message) => {
  expect(() => parseOpenParams(text)).toThrow(message)
})
