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
        'Serve the [console](console.md) of the output of type `store` in the process of `falc run`. Has no effect with a capture, as the log says.',
      ),
      listen: key(text, '127.0.0.1:2802', 'Address and port on which it listens. Also for `falc console`.'),
      token_file: key(text, '', 'A file of tokens: the lines that `falc console token` prints.'),
      open_door: key(boolean, false, 'Accept alerts without a token (`--anonymous-ingest`).'),
      nats: optional(
        natsAlerts,
        'A JetStream stream whose alerts are stored, too. The options of a connection of an output of type `nats`, and `stream` and `durable`.',
      ),
      local_rules: key(text, '', 'The rules file to which exceptions are added.'),
      roles: key(roles, [], 'Rights of groups: a list of `{group, scopes, namespaces}`. The first match applies.'),
      proxy: section({
        addresses: key(list(text), [], 'Addresses and networks of the proxies whose user headers are trusted.'),
        user_header: key(text, 'X-Forwarded-User', 'The header with the name.'),
        groups_header: key(text, 'X-Forwarded-Groups', 'The header with the groups, separated by commas.'),
      }),
      oidc: section({
        issuer: key(text, '', 'The address of an identity provider with which users sign in (OpenID Connect).'),
        client_id: key(text, '', 'The console there.'),
        client_secret_file: key(text, '', 'A file with its secret.'),
        redirect_uri: key(
          text,
          '',
          'The address of the console as browsers see it, followed by `/api/v1/oidc/callback`.',
        ),
        scope: key(text, 'openid profile email groups', 'The requested scopes.'),
        groups_claim: key(text, 'groups', 'The claim with the groups that `roles` refer to.'),
        session: key(
          duration(60_000, 12 * 3_600_000, 'from 1m to 12h'),
          3_600_000,
          'How long a sign-in lasts. After that, users sign in again and their groups are refreshed.',
          { shown: '1h' },
        ),
      }),
    },
    { restart: true },
  ),
}
