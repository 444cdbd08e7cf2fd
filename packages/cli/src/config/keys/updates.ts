/** Keys of `falc rules`: registries, and the signatures that they require. */
import { boolean, duration, list, text } from '../kind.ts'
import { key, section } from '../section.ts'

export const UPDATES_KEYS = {
  updates: section(
    {
      folder: key(
        text,
        '/var/lib/falc/rules',
        'The folder where [`falc rules`](rules-updates.md) installs. `rules_files` names `FOLDER/current/NAME`.',
      ),
      artifacts: key(list(text), [], 'Artifacts that `falc rules follow` keeps up to date: `REGISTRY/REPOSITORY:TAG`.'),
      keys: key(
        list(text),
        [],
        'Files with public keys, as PEM or of minisign. One of them must have signed an artifact.',
      ),
      allow_unsigned: key(boolean, false, 'Install what none of the keys has signed.'),
      every: key(
        duration(1000, 2 ** 31 - 1, 'from 1s to 24d'),
        21_600_000,
        'Time between two looks, give or take a tenth.',
        { shown: '6h' },
      ),
      indexes: key(
        list(text),
        ['https://falcosecurity.github.io/falcoctl/index.yaml'],
        'Files and addresses of artifact indexes, for names without a registry and for `falc rules search`.',
      ),
      plain_http: key(list(text), [], 'Registries to use without TLS: `localhost:5000`.'),
      credentials: key(text, '', "Docker's `config.json`, with passwords for registries."),
    },
    { restart: true },
  ),
}
