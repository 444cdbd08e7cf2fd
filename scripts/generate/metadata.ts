/** Regenerates the tables of docs/metadata.md: the followed kinds, and the rights that this needs. */
import { stringify } from 'yaml'
import { KINDS, metadataRole } from '../../packages/kubernetes/src/index.ts'
import { filledPage, table } from './markdown.ts'

export const metadataPage = (): string =>
  filledPage('metadata.md', {
    kinds: table(
      ['kind', 'which', 'what the API server sends'],
      KINDS.map(({ resource, byNode, whole }) => [
        resource,
        byNode === undefined ? 'all' : `\`${byNode}\` is this node`,
        whole ? 'objects' : 'metadata alone',
      ]),
    ),
    role: `\`\`\`yaml\n${stringify(metadataRole(), { flowCollectionPadding: false })}\`\`\``,
  })
