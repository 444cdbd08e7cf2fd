import { isJson } from '../net/http-client.ts'
import type { Limits } from '../text/limits.ts'
import { SEVERITY } from '../text/severity.ts'
import { defineChat, type Post } from './chat.ts'

/** Characters of all texts of a message together. */
const TOTAL = 6000

/** Markdown and mentions: a backslash takes the meaning of the character after it. */
const discordText = (text: string) => text.replace(/[\\`*_{}[\]()#+\-.!|<>~:@]/g, '\\$&')

export const discord = defineChat({
  type: 'discord',
  title: 'Discord',
  doc: `One embed per alert in the colour of the priority, with up to 25 output fields. Mentions and Markdown in texts have no effect.

400 drops the alert; 429 is honoured.`,
  options: {
    username: { kind: 'text', doc: 'Name, instead of the webhook’s.' },
    avatar_url: { kind: 'url', doc: 'Picture, instead of the webhook’s.' },
  },
  accepts: answer => answer.status === 204 || isJson(answer),
  message: (post, limits, { username, avatar_url }) => ({
    embeds: [embed(post, limits)],
    allowed_mentions: { parse: [] },
    ...(username !== undefined && { username: limits.cut(username, 80, 'user names') }),
    ...(avatar_url !== undefined && { avatar_url }),
  }),
})

function embed({ priority, title, text, fields, footer }: Post, limits: Limits) {
  const cut = (value: string, limit: number, what: string) => limits.escaped(value, limit, what, discordText)
  const head = {
    title: cut(title, 256, 'rules'),
    description: cut(text, 2500, 'texts'),
    footer: { text: limits.cut(footer, 500, 'footers') },
  }
  const budget = TOTAL - head.title.length - head.description.length - head.footer.text.length
  const shown = limits.first(fields, 25, 'fields').map(([name, value]) => ({
    name: cut(name, 256, 'field names'),
    value: cut(value || ' ', 1024, 'fields'),
    inline: value.length <= 30,
  }))
  let size = 0
  const fitting = shown.findIndex(({ name, value }) => (size += name.length + value.length) > budget)
  return {
    ...head,
    color: SEVERITY[priority].colour,
    fields: limits.first(shown, fitting < 0 ? shown.length : fitting, 'fields'),
  }
}
