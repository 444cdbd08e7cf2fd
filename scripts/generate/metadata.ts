/** docs/metadata.md: the page as it is, with the tables of what is followed, and of the rights that this needs, made anew. */
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
