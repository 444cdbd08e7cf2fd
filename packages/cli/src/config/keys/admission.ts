/** Keys of `falc admission`: the webhook that API servers ask before they carry out a request. */
import { choice, duration, list, mapOf, text } from '../kind.ts'
import { key, section } from '../section.ts'

export const ADMISSION_KEYS = {
  admission: section({
    listen: key(text, '0.0.0.0:9443', 'Where [`falc admission`](admission.md) listens: an address and a port.', {
      restart: true,
    }),
    certificate: key(
      text,
      '',
      'A PEM file with the certificate, and optionally the key. Reloaded when it changes. Without it there is no TLS, and no API server connects.',
      { restart: true },
    ),
    certificate_key: key(text, '', 'A PEM file with the key. Default: in `certificate`.', { restart: true }),
    client_ca: key(text, '', 'A PEM file: clients must have a certificate that it signed.', { restart: true }),
    deny: section({
      rules: key(list(text), [], 'Rules whose matches are denied. Those of all others are admitted with a warning.'),
      tags: key(list(text), [], 'The same for all rules with one of these tags.'),
    }),
    remedies: key(mapOf(text), {}, 'By rule: what the warning suggests instead. Default: which fields to change.'),
    on_failure: key(
      choice('open', 'closed'),
      'open',
      'What happens to a request that cannot be judged: `open` admits it with a warning, `closed` denies it. Counted in any case.',
    ),
    deadline: key(
      duration(10, 25_000, 'from 10ms to 25s'),
      1000,
      'How long a request may take to arrive and to be judged. Then it counts as one that cannot be judged.',
      { shown: '1s' },
    ),
  }),
}
