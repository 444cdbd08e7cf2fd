/** Keys of the console. */
import type { Role, Scope } from '@falc/console'
import { anything, boolean, converted, duration, list, text } from '../kind.ts'
import { natsAlerts } from '../nats.ts'
import { key, optional, section } from '../section.ts'

const roles = converted(list(anything), (values, fail) =>
  values.map((value): Role => {
    const { group, scopes, namespaces, ...others } = Object(value) as Record<string, unknown>
    const isList = (list: unknown): list is string[] =>
      Array.isArray(list) && list.every(one => typeof one === 'string')
    const seen = namespaces === undefined || isList(namespaces)
    if (typeof group !== 'string' || !isList(scopes) || !seen || Object.keys(others).length > 0)
      return fail('must be a list of roles, each with group, scopes, and maybe namespaces')
    // The console says which scopes there are.
    return { group, scopes: scopes as Scope[], namespaces: namespaces as string[] | undefined }
  }),
)

export const CONSOLE_KEYS = {
  console: section(
    {
      enabled: key(
        boolean,
        false,
        'Serve the [console](console.md) of the output of type `store` in one process with `falc run`. Not with a capture, which the log says.',
      ),
      listen: key(text, '127.0.0.1:2802', 'Where it listens, also `falc console`: an address and a port.'),
      token_file: key(text, '', 'Who may do what: the lines that `falc console token` prints.'),
      open_door: key(boolean, false, 'Take alerts without a token.'),
      nats: optional(
        natsAlerts,
        'A JetStream stream whose alerts are stored, too. The options of a connection of an output of type `nats`, and `stream` and `durable`.',
      ),
      local_rules: key(text, '', 'The rules file to which exceptions are added.'),
      roles: key(roles, [], 'What groups may do: a list of `{group, scopes, namespaces}`. The first that fits counts.'),
      proxy: section({
        addresses: key(
          list(text),
          [],
          'Addresses and networks of proxies that say who asks. From others it is not believed.',
        ),
        user_header: key(text, 'X-Forwarded-User', 'The header with the name.'),
        groups_header: key(text, 'X-Forwarded-Groups', 'The header with the groups, with commas between them.'),
      }),
      oidc: section({
        issuer: key(text, '', 'The address of an identity provider at which people sign in (OpenID Connect).'),
        client_id: key(text, '', 'The console there.'),
        client_secret_file: key(text, '', 'A file with its secret.'),
        redirect_uri: key(text, '', 'The address of the console for browsers, and `/api/v1/oidc/callback`.'),
        scope: key(text, 'openid profile email groups', 'What is asked for.'),
        groups_claim: key(text, 'groups', 'The claim with the groups, to which `roles` give rights.'),
        session: key(
          duration(60_000, 12 * 3_600_000, 'from 1m to 12h'),
          3_600_000,
          'After that people sign in again, and have the groups of then.',
          { shown: '1h' },
        ),
      }),
    },
    { restart: true },
  ),
}
