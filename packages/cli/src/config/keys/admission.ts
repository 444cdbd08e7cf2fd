/** Keys of `falc admission`, the webhook that API servers call before they carry out a request. */
import { choice, duration, list, mapOf, text } from '../kind.ts'
import { key, section } from '../section.ts'

export const ADMISSION_KEYS = {
  admission: section({
    listen: key(text, '0.0.0.0:9443', 'Address and port on which [`falc admission`](admission.md) listens.', {
      restart: true,
    }),
    certificate: key(
      text,
      '',
      'A PEM file with the certificate, and optionally the key. Reloaded when it changes. Without it there is no TLS, and API servers do not connect.',
      { restart: true },
    ),
    certificate_key: key(text, '', 'A PEM file with the key. Default: in `certificate`.', { restart: true }),
    client_ca: key(text, '', 'A PEM file with a CA certificate: clients must have a certificate signed by it.', {
      restart: true,
    }),
    deny: section({
      rules: key(list(text), [], 'Rules whose matches are denied. Matches of other rules are admitted with a warning.'),
      tags: key(list(text), [], 'The same for all rules with one of these tags.'),
    }),
    remedies: key(mapOf(text), {}, 'By rule: the remedy that the warning suggests. Default: the fields to change.'),
    on_failure: key(
      choice('open', 'closed'),
      'open',
      'What happens to a request that cannot be evaluated: `open` admits it with a warning, `closed` denies it. Either way it is counted.',
    ),
    deadline: key(
      duration(10, 25_000, 'from 10ms to 25s'),
      1000,
      'How long a request may take to arrive, and to be evaluated before it counts as late.',
      { shown: '1s', restart: true },
    ),
  }),
}
