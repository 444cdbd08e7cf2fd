/** Health: sensors with their rules and losses, outputs, and alerts that receivers refused. */

import { useState } from 'preact/hooks'
import type {
  DeadLetters,
  LettersAction,
  Outputs as OutputsAnswer,
  Sensor,
  Sensors as SensorsAnswer,
} from '../shapes/index.ts'
import { ask, tell } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { may } from './session.ts'
import { go } from './state.ts'
import { checkOf, START } from './url.ts'

const REFRESH_MS = 10_000
/** Milliseconds without an alert after which a sensor counts as silent. */
const SILENT_MS = 3_600_000

export function Health() {
  return (
    <div class="stack">
      <Sensors />
      <Outputs />
      <Letters />
    </div>
  )
}

/** What most sensors have: others drift. */
function usualRules(sensors: readonly Sensor[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { reported } of sensors)
    if (reported) {
      const key = rulesKey(reported.rules)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

const rulesKey = (rules: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(rules).sort())

export function Sensors({ isShort = false }: { isShort?: boolean }) {
  const { data, error } = useLoaded(() => ask<SensorsAnswer>('sensors'), 'sensors', REFRESH_MS)
  const sensors = data?.sensors ?? []
  const usual = usualRules(sensors)
  return (
    <section aria-label="Sensors">
      <h2>Sensors</h2>
      <ErrorLine text={error} />
      {data && sensors.length === 0 && <p class="none">No host has sent an alert yet.</p>}
      {data?.complete === false && !isShort && (
        <p class="hint">There are more hosts: these {grouped(sensors.length)} have sent most alerts.</p>
      )}
      {sensors.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Host</th>
                <th scope="col">Last heard</th>
                <th scope="col" class="number">
                  Alerts
                </th>
                <th scope="col">Version</th>
                <th scope="col">Rules</th>
                <th scope="col">Losses</th>
              </tr>
            </thead>
            <tbody>
              {(isShort ? sensors.slice(0, 10) : sensors).map(sensor => (
                <Row key={sensor.host} sensor={sensor} usual={usual} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {sensors.length > 0 && !sensors.some(({ reported }) => reported) && (
        <p class="hint">
          Versions, rules and losses come with the metrics that a sensor sends as an alert: metrics.output_rule.
        </p>
      )}
    </section>
  )
}

function Row({ sensor: { host, last, alerts, reported }, usual }: { sensor: Sensor; usual: string | undefined }) {
  const age = Date.now() - Date.parse(reported && reported.at > last ? reported.at : last)
  const losses = Object.entries(reported?.losses ?? {})
  const drifts = reported !== undefined && rulesKey(reported.rules) !== usual
  return (
    <tr>
      <td>
        <button
          type="button"
          class="link"
          onClick={() => go({ ...START, screen: 'alerts', filter: checkOf('alert.hostname', host) })}
        >
          {visible(cut(host, 60))}
        </button>
      </td>
      <td>
        {ageText(age)} {age > SILENT_MS && <span class="mark warning">silent</span>}
      </td>
      <td class="number">{grouped(alerts)}</td>
      <td>{reported?.version === undefined ? '' : visible(cut(reported.version, 40))}</td>
      <td>
        {Object.entries(reported?.rules ?? {}).map(([file, hash]) => (
          <span key={file} class="chip" title={visible(hash)}>
            {visible(cut(file.replace(/^.*\//, ''), 60))} {visible(hash.slice(0, 8))}
          </span>
        ))}
        {drifts && <span class="mark warning">differ from the others’</span>}
      </td>
      <td>
        {reported && losses.length === 0 && 'none'}
        {losses.map(([cause, count]) => (
          <span key={cause} class="mark warning loss">
            {visible(cut(cause, 60))} {grouped(count)}
          </span>
        ))}
      </td>
    </tr>
  )
}

/** @param ms since then */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s ago`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} days ago`
}

export function Outputs() {
  const { data, error } = useLoaded(() => ask<OutputsAnswer>('outputs'), 'outputs', REFRESH_MS)
  const outputs = data?.outputs ?? []
  if (outputs.length === 0)
    return (
      <section aria-label="Outputs">
        <h2>Outputs</h2>
        <p class="none">
          {error ?? (data ? 'This console knows no outputs: start it with -c falco.yaml, or in falc run.' : '…')}
        </p>
      </section>
    )
  return (
    <section aria-label="Outputs">
      <h2>Outputs</h2>
      <ErrorLine text={error} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Output</th>
              <th scope="col">Type</th>
              <th scope="col" class="number">
                Waiting
              </th>
              <th scope="col" class="number">
                Delivered
              </th>
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number">
                Refused
              </th>
            </tr>
          </thead>
          <tbody>
            {outputs.map(({ name, type, enabled, waiting, delivered, failed, dead, failing }) => (
              <tr key={name}>
                <td>
                  {visible(cut(name, 60))} {!enabled && <span class="hint">off</span>}
                  {failing !== undefined && <p class="error">{visible(cut(failing, 300))}</p>}
                </td>
                <td>{type}</td>
                <td class="number">{waiting === undefined ? '' : grouped(waiting)}</td>
                <td class="number">{delivered === undefined ? '' : grouped(delivered)}</td>
                <td class="number">{failed === undefined ? '' : grouped(failed)}</td>
                <td class={dead > 0 ? 'number mark warning' : 'number'}>{grouped(dead)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Letters() {
  const [round, setRound] = useState(0)
  const [failure, setFailure] = useState<string | undefined>()
  const { data, error } = useLoaded(() => ask<DeadLetters>('dead-letters'), `letters ${round}`, REFRESH_MS)
  const letters = data?.letters ?? []
  const act = async (action: LettersAction) => {
    setFailure(undefined)
    try {
      await tell('POST', 'dead-letters', action)
    } catch (problem) {
      setFailure((problem as Error).message)
    }
    setRound(last => last + 1)
  }
  return (
    <section aria-label="Dead letters">
      <h2>Dead letters</h2>
      <ErrorLine text={failure ?? (letters.length > 0 ? error : undefined)} />
      {letters.length === 0 && <p class="none">{error ?? (data ? 'No receiver has refused an alert.' : '…')}</p>}
      {data?.complete === false && (
        <p class="hint">There are more: these {grouped(letters.length)} were refused first.</p>
      )}
      <ol class="letters">
        {letters.map(({ output, letter, refused, cause, message, alert }) => (
          <li key={`${output} ${letter}`}>
            <p>
              <span class={`priority p-${alert.priority}`}>{alert.priority}</span> {visible(cut(alert.rule, 100))}{' '}
              <span class="hint">
                to {visible(cut(output, 60))}, {ageText(Date.now() - Date.parse(refused))}: {visible(cut(cause, 60))}{' '}
                {visible(cut(message, 300))}
              </span>
            </p>
            {may('respond') && (
              <div class="buttons">
                <button type="button" onClick={() => void act({ output, action: 'send', letters: [letter] })}>
                  Send again
                </button>
                <button type="button" onClick={() => void act({ output, action: 'drop', letters: [letter] })}>
                  Remove
                </button>
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}
