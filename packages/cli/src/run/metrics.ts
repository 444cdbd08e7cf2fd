import type { Session } from './session.ts'

/** Prometheus' text for /metrics, under Falco's names. */
export function metricsText(session: Session): string {
  const counter = (name: string, help: string, lines: readonly string[]) =>
    `# HELP ${name} https://falco.org/docs/metrics/ ${help}\n# TYPE ${name} counter\n${lines.map(line => `${name}${line}\n`).join('')}`
  const matches = [...session.statistics.rules].map(([rule, count]) => `{rule_name="${label(rule)}"} ${count}`)
  const metadata = Object.entries(session.metadata()).map(
    ([outcome, count]) => `{outcome="${label(outcome)}"} ${count}`,
  )
  const drops = [...session.losses()].reduce(
    (sum, [cause, count]) => (cause.endsWith(': queue_full') ? sum + count : sum),
    0,
  )
  return (
    counter('falcosecurity_falco_num_evts_total', 'events evaluated', [` ${session.events}`]) +
    counter('falcosecurity_falco_outputs_queue_num_drops_total', 'alerts dropped because a queue was full', [
      ` ${drops}`,
    ]) +
    counter('falcosecurity_falco_rules_matches_total', 'alerts by rule', matches) +
    (metadata.length === 0
      ? ''
      : counter('falc_container_metadata_total', 'look-ups, evaluations that waited', metadata))
  )
}

function label(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
}
