/** The settings of playbooks, from flags or falco.yaml. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AlertData, Source } from '@falc/engine'
import { fromKubeconfig, inCluster, KubeClient } from '@falc/kubernetes'
import { FORMATS, OutputError, tryConfigured, tryOutput } from '@falc/outputs'
import {
  ACTIONS,
  type Action,
  type Answer,
  capturePort,
  enginePort,
  filePort,
  httpPort,
  kubernetesPort,
  loadFunctions,
  type PlaybookFile,
  type Ports,
  processPort,
  programPort,
} from '@falc/response'
import { findNative, LiveError } from '@falc/sources-syscall'
import { jsonFormat } from '../alerts/line.ts'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import type { Log } from '../log.ts'
import { readFile } from '../read-file.ts'
import { falcosOutput } from '../run/open-outputs.ts'

/** Files, and the YAML files of folders, in order. @throws {CliError} */
export function readPlaybooks(paths: readonly string[]): PlaybookFile[] {
  return paths.flatMap(filesAt).map(name => {
    try {
      return { name, content: readFile(name).toString('utf8') }
    } catch (error) {
      throw new CliError(`${name}: ${(error as Error).message}`)
    }
  })
}

function filesAt(path: string): string[] {
  if (!existsSync(path)) throw new CliError(`${path}: there is no such file`)
  if (!statSync(path).isDirectory()) return [path]
  // Tests of playbooks lie beside them.
  const names = readdirSync(path).filter(name => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
  return names.sort().map(name => join(path, name))
}

/** The actions of falc, and those of the configuration's files. @throws {CliError} */
export async function actionsOf({ response: { functions } }: Config): Promise<readonly Action[]> {
  try {
    return [...ACTIONS, ...(await loadFunctions(functions.map(file => resolve(file))))]
  } catch (error) {
    throw new CliError(`response.functions: ${(error as Error).message}`)
  }
}

/** Everything that playbooks can ask on this machine. @throws {CliError} when a kubeconfig cannot be used */
export function machinePorts(config: Config, source: Source<AlertData>, log: Log): Ports {
  return {
    process: processPort(signalHelper()),
    engine: enginePort({ sockets: config.response.engines }),
    output: ({ output, text }, { dry, alert }) =>
      dry
        ? Promise.resolve({ outcome: 'done', said: 'not sent' })
        : send(config, source, log, output, worded(alert, text)),
    http: httpPort(),
    program: programPort,
    file: filePort,
    capture: capturePort([process.execPath, process.argv[1]!, 'record']),
    ...kubernetes(config.response.kubeconfig),
  }
}

/** @throws {CliError} */
function kubernetes(kubeconfig: string): Pick<Ports, 'kubernetes'> {
  try {
    const cluster = kubeconfig === '' ? inCluster() : fromKubeconfig(kubeconfig)
    return cluster ? { kubernetes: kubernetesPort(new KubeClient(cluster)) } : {}
  } catch (error) {
    throw new CliError(`response.kubeconfig: ${(error as Error).message}`)
  }
}

const worded = (alert: AlertData, text: string | undefined): AlertData =>
  text === undefined
    ? alert
    : {
        ...{ id: alert.id, rule: alert.rule, priority: alert.priority, source: alert.source, tags: alert.tags },
        ...{
          time: alert.time,
          output_fields: alert.output_fields,
          hostname: alert.hostname,
          output: text,
          message: text,
        },
      }

function signalHelper(): string | undefined {
  try {
    return findNative('signal')
  } catch (error) {
    if (error instanceof LiveError) return undefined
    throw error
  }
}

/** Sends past the output's queue and condition, since the step's record is to say whether it arrived. */
async function send(
  config: Config,
  source: Source<AlertData>,
  log: Log,
  name: string,
  alert: AlertData,
): Promise<Answer> {
  const falcos = falcosOutput(config, name)
  const settings = config.outputs.find(output => output.name === name)
  if (!falcos && !settings) return { outcome: 'failed', said: `no output is named ${name}` }
  try {
    const { failure, items } = falcos
      ? await tryOutput(falcos.target, alert, falcos.format)
      : await tryConfigured(
          settings!,
          {
            ...{ hostname: hostname(), source },
            format: format => (format === 'json' ? jsonFormat(config) : FORMATS[format].format),
            log: (level, text) => log.write(level, text),
          },
          alert,
        )
    const problem = failure ?? items?.find(one => one !== undefined)
    if (!problem) return { outcome: 'done', said: '' }
    return { outcome: problem.cause === 'timeout' ? 'undecided' : 'failed', said: problem.message }
  } catch (error) {
    if (error instanceof OutputError) return { outcome: 'failed', said: error.message }
    throw error
  }
}

/** The outputs that playbooks may name. */
export function outputNames(config: Config): string[] {
  const falcos = ['stdout', 'file', 'program', 'http', 'syslog'].filter(name => falcosOutput(config, name))
  return [...falcos, ...config.outputs.map(({ name }) => name)]
}
