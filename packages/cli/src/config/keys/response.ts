/** Keys of playbooks, which act on alerts. */
import { converted, duration, integer, list, text } from '../kind.ts'
import { natsConnection } from '../nats.ts'
import { key, optional, section } from '../section.ts'

const rate = converted(text, (value, fail) => {
  const [, count, number, unit] = /^(\d{1,4})\/(\d{1,6})(s|m|h)$/.exec(value) ?? []
  if (unit === undefined) return fail(`must be a number in a period, such as 50/10m, not "${value}"`)
  return { count: Number(count), per: Number(number) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's'] }
})

export const RESPONSE_KEYS = {
  response: section(
    {
      playbooks: key(list(text), [], 'Files of [playbooks](response.md). With any, `falc run` acts on its alerts.'),
      functions: key(list(text), [], 'Files of [actions of your own](response.md#functions).'),
      folder: key(text, '/var/lib/falc/response', 'The journal, and the file that stops everything.'),
      journal_mib: key(
        integer(1, 1_048_576),
        256,
        'Maximum size of the [journal](response.md#the-journal) in MiB. Beyond it, the oldest files are removed.',
      ),
      journal_age: key(
        duration(3_600_000, 10 * 365 * 86_400_000, 'from 1h to 3650d'),
        90 * 86_400_000,
        'How long full files of the journal are kept.',
        { shown: '90d' },
      ),
      protect: key(list(text), [], 'A list of conditions. No step acts on an alert for which one of them holds.'),
      unprotect: key(list(text), [], 'Names of default protections to switch off.'),
      fuse: key(rate, { count: 50, per: 600_000 }, 'How many steps may act in a period before all playbooks stop.', {
        shown: '50/10m',
      }),
      engines: key(
        list(text),
        ['/var/run/docker.sock', '/run/podman/podman.sock'],
        "Sockets of container engines with Docker's interface.",
      ),
      kubeconfig: key(text, '', "Credentials for Kubernetes. Default: the account of falc's pod."),
      timeout: key(duration(1000, 3_600_000, 'from 1s to 1h'), 60_000, 'How long a step may take.', { shown: '1m' }),
      max_age: key(
        duration(1000, 10 * 365 * 86_400_000, 'from 1s to 3650d'),
        600_000,
        'No step acts on an older alert, such as one from a recording, or from a stream whose responder was down.',
        { shown: '10m' },
      ),
      approval_output: key(
        text,
        '',
        'The output that is notified when a step waits for [approval](response.md#approval).',
      ),
      approval_url: key(
        text,
        '',
        'The address of the console for people. With it, notifications contain a link that approves this one step, once.',
        { secret: true },
      ),
      queue: key(
        integer(1, 1_000_000),
        10_000,
        'The number of alerts that may wait for playbooks. Further ones are dropped and counted.',
      ),
      nats: optional(
        natsConnection,
        'For `falc respond`: the server from which it receives alerts. The options of a connection of an output of type `nats`.',
      ),
    },
    { restart: true },
  ),
}
