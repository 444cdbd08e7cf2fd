import type { HttpOptions } from '@falc/outputs'
import { ConfigError } from './error.ts'
import type { ConfigReader } from './reader.ts'

/** The output channels of falco.yaml; a missing one is not enabled. */
export interface OutputsConfig {
  readonly stdout: boolean
  readonly syslog: boolean
  readonly file?: { readonly filename: string; readonly keepAlive: boolean }
  readonly program?: { readonly program: string; readonly keepAlive: boolean }
  readonly http?: Omit<HttpOptions, 'json'>
  /** Alerts that may wait for each output; 0 = practically unbounded. */
  readonly queueCapacity: number
  /** Milliseconds after which a blocked output is reported. */
  readonly timeout: number
  readonly buffered: boolean
}

/** @throws {ConfigError} when an output is enabled without what it needs */
export function readOutputs(reader: ConfigReader): OutputsConfig {
  const enabled = (name: string) => reader.boolean(`${name}_output.enabled`, false)
  const needed = (path: string, what: string) => {
    const value = reader.string(path, '')
    if (value !== '') return value
    const output = path.split('.')[0]!
    throw new ConfigError(
      `Error reading config file: ${what} in configuration block`,
      reader.place(`${output}.enabled`) ?? reader.place(output),
    )
  }
  return {
    stdout: enabled('stdout'),
    syslog: enabled('syslog'),
    ...(enabled('file') && {
      file: {
        filename: needed('file_output.filename', 'file output enabled but no filename'),
        keepAlive: reader.boolean('file_output.keep_alive', false),
      },
    }),
    ...(enabled('program') && {
      program: {
        program: needed('program_output.program', 'program output enabled but no program'),
        keepAlive: reader.boolean('program_output.keep_alive', false),
      },
    }),
    ...(enabled('http') && {
      http: readHttp(reader, needed('http_output.url', 'http output enabled but no url')),
    }),
    queueCapacity: reader.integer('outputs_queue.capacity', 0),
    timeout: reader.integer('output_timeout', 2000, 1, 2 ** 31 - 1),
    buffered: reader.boolean('buffered_outputs', false),
  }
}

function readHttp(reader: ConfigReader, url: string): Omit<HttpOptions, 'json'> {
  const at = (key: string) => `http_output.${key}`
  return {
    url,
    userAgent: reader.string(at('user_agent'), 'falcosecurity/falco'),
    insecure: reader.boolean(at('insecure'), false),
    caCert: reader.string(at('ca_cert'), ''),
    caBundle: reader.string(at('ca_bundle'), ''),
    caPath: reader.string(at('ca_path'), ''),
    mtls: reader.boolean(at('mtls'), false),
    clientCert: reader.string(at('client_cert'), '/etc/ssl/certs/client.crt'),
    clientKey: reader.string(at('client_key'), '/etc/ssl/certs/client.key'),
    echo: reader.boolean(at('echo'), false),
    compressUploads: reader.boolean(at('compress_uploads'), false),
    keepAlive: reader.boolean(at('keep_alive'), false),
    maxConsecutiveTimeouts: reader.integer(at('max_consecutive_timeouts'), 5, 0, 255),
  }
}
