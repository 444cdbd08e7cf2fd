/** Where AWS credentials come from. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { kinesis } from '../../src/transports/aws-streams.ts'
import { anything } from './aws-services.ts'
import { item, open, patient } from './items.ts'
import { folder } from './peer.ts'
import { serve } from './stand-in.ts'

/** Hides this machine's own credentials. */
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
})
afterEach(() => vi.unstubAllEnvs())

describe('credentials', () => {
  const options = { region: 'eu-west-1', stream: 's' }

  /** A server that answers by path and records its requests. */
  async function answers(table: Readonly<Record<string, string>>) {
    const asked: string[] = []
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      const token = request.headers.authorization ?? request.headers['x-aws-ec2-metadata-token']
      asked.push(`${request.method} ${request.url} ${token ?? ''} ${body}`.trim())
      const answer = table[request.url!]
      response.writeHead(answer === undefined ? 404 : 200).end(answer)
    })
    server.listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
  }

  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
  const keyJson = (id: string) =>
    JSON.stringify({ AccessKeyId: id, SecretAccessKey: 's', Token: 't', Expiration: inAnHour() })
  const stsXml = (id: string) =>
    `<R><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${inAnHour()}</Expiration></Credentials></R>`

  /** The access key that requests are signed with. */
  async function keyUsed(more: Record<string, unknown> = {}): Promise<string> {
    const server = await serve(anything)
    const output = await open(kinesis, { ...options, ...server.options(), ...more })
    for (let i = 0; i < 2; i++) expect(await output.send([item(i)], patient())).toEqual({ delivered: 1 })
    return /Credential=([^/]+)/.exec(server.requests.at(-1)!.headers.authorization!)![1]!
  }

  test('come from the environment, unless the output has its own', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'ENVKEY')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hunter22')
    expect(await keyUsed()).toBe('ENVKEY')
    expect(await keyUsed({ access_key_id: 'OWNKEY', secret_access_key: 'x' })).toBe('OWNKEY')
  })

  test('come from a pod’s web identity, requested once', async () => {
    const sts = await answers({ '/': stsXml('IRSAKEY') })
    const file = join(folder(), 'token')
    writeFileSync(file, 'jwt\n')
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url)
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', file)
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::1:role/falc')
    expect(await keyUsed()).toBe('IRSAKEY')
    expect(sts.asked).toHaveLength(1)
    expect(sts.asked[0]).toContain(
      'Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Ffalc&WebIdentityToken=jwt',
    )
  })

  test('come from the container’s credentials endpoint', async () => {
    const agent = await answers({ '/v1/credentials': keyJson('PODKEY') })
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${agent.url}/v1/credentials`)
    vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN', 'podtoken')
    expect(await keyUsed()).toBe('PODKEY')
    expect(agent.asked).toEqual(['GET /v1/credentials podtoken'])
  })

  test('are not requested from another machine without TLS', async () => {
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://10.0.0.1/')
    const output = await open(kinesis, options)
    const failure = {
      class: 'misconfigured',
      cause: 'no_credentials',
      message: expect.stringContaining('neither https nor of this machine'),
    }
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 0, failure })
  })

  test('come from the instance’s metadata service', async () => {
    const path = '/latest/meta-data/iam/security-credentials/'
    const metadata = await answers({ '/latest/api/token': 'v2', [path]: 'falc', [`${path}falc`]: keyJson('EC2KEY') })
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.url)
    expect(await keyUsed()).toBe('EC2KEY')
    expect(metadata.asked).toEqual(['PUT /latest/api/token', `GET ${path} v2`, `GET ${path}falc v2`])
  })

  test('come from an assumed role', async () => {
    const sts = await answers({ '/': stsXml('ROLEKEY') })
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url)
    const base = { access_key_id: 'BASEKEY', secret_access_key: 'x' }
    expect(await keyUsed({ ...base, role_arn: 'arn:aws:iam::1:role/falc', external_id: 'e1' })).toBe('ROLEKEY')
    expect(sts.asked[0]).toMatch(/Credential=BASEKEY\/\d+\/eu-west-1\/sts\/.*Action=AssumeRole&.*ExternalId=e1$/)
  })

  test('of an assumed role in China come from its own domain', async () => {
    const asked: (string | undefined)[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url)
      socket.on('error', () => {}).end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    proxy.listen(0, '127.0.0.1')
    await new Promise(resolve => proxy.once('listening', resolve))
    onTestFinished(() => void proxy.close())
    const base = { ...options, region: 'cn-north-1', access_key_id: 'BASEKEY', secret_access_key: 'x' }
    const output = await open(kinesis, {
      ...{ ...base, role_arn: 'arn:aws-cn:iam::1:role/falc' },
      proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    })
    expect(await output.send([item(1)], patient())).toMatchObject({ delivered: 0 })
    expect(asked).toEqual(['sts.cn-north-1.amazonaws.com.cn:443'])
  })

  test('that cannot be found are a misconfiguration', async () => {
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://127.0.0.1:1')
    const output = await open(kinesis, options)
    expect(await output.send([item(1)], patient())).toMatchObject({
      failure: {
        class: 'misconfigured',
        message: 'kinesis output: credentials: none configured, and no metadata service answers',
      },
    })
  })

  test.each([
    [{ stream: 's' }, 'kinesis output: needs a region'],
    [{ ...options, access_key_id: 'a' }, 'kinesis output: access_key_id and secret_access_key go together'],
  ])('with invalid options are refused: %j', async (values, message) => {
    await expect(open(kinesis, values)).rejects.toThrow(message)
  })
})
