/** An editor of rules: CodeMirror, loaded when one opens. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
  snippet,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { type ChangeDesc, EditorState, type Extension, StateEffect } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { Color, Finding, Offers, Span } from './messages.ts'

/** Who knows what may be written. */
export interface Author {
  complete(text: string, offset: number): Promise<Offers | undefined>
  doc?(offset: number, label: string, kind: Offers['items'][number]['kind']): Promise<string | undefined>
  hover?(offset: number): Promise<(Span & { readonly text: string }) | undefined>
}

export interface EditorOptions {
  /** What a screen reader calls it. */
  readonly label: string
  readonly text: string
  readonly author: Author
  readonly changed: (text: string) => void
  /** Ctrl+Enter, or Cmd+Enter. */
  readonly run: () => void
}

const COMPLETION_TYPES: Readonly<Record<string, string>> = {
  ...{ field: 'property', operator: 'keyword', macro: 'function', list: 'variable', rule: 'class' },
  ...{ transformer: 'function', keyword: 'keyword', value: 'constant', key: 'property' },
}

const setColors = StateEffect.define<readonly Color[]>()

/** Words of what is in sight only: a rules file has ten thousand of them. */
const colors = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet = Decoration.none
    #colors: readonly Color[] = []
    /** What was written since the colours were found. */
    #changes: ChangeDesc | undefined

    update({ view, docChanged, viewportChanged, changes, transactions }: ViewUpdate): void {
      if (docChanged) this.#changes = this.#changes?.composeDesc(changes.desc) ?? changes.desc
      const found = transactions.flatMap(({ effects }) => effects.filter(effect => effect.is(setColors)))
      if (found.length > 0) {
        this.#colors = found.at(-1)!.value
        this.#changes = undefined
      }
      if (docChanged || viewportChanged || found.length > 0) this.decorations = this.#inSight(view)
    }

    #inSight({ viewport, state: { doc } }: EditorView): DecorationSet {
      const at = (offset: number) =>
        this.#changes ? this.#changes.mapPos(Math.min(offset, this.#changes.length)) : offset
      const marks = this.#colors.flatMap(({ from, to, type }) => {
        if (at(to) < viewport.from || at(from) > viewport.to) return []
        const start = at(from)
        const end = Math.min(at(to), doc.length)
        return start < end ? [Decoration.mark({ class: `word-${type}` }).range(start, end)] : []
      })
      return Decoration.set(marks, true)
    }
  },
  { decorations: plugin => plugin.decorations },
)

const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--key)' },
])

/** Colours are the page's: variables reach into the editor. */
const THEME = EditorView.theme({
  '&': { fontSize: '13px', height: '100%', color: 'var(--text)', backgroundColor: 'var(--card)' },
  '.cm-scroller': { fontFamily: 'ui-monospace, monospace', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--card)', color: 'var(--soft)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 6%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 25%, transparent)',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-tooltip': { backgroundColor: 'var(--card)', border: '1px solid var(--line)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { color: 'var(--soft)', fontStyle: 'normal' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.hover, .cm-completionInfo': { maxWidth: '36em', maxHeight: '20em', overflow: 'auto', whiteSpace: 'pre-wrap' },
  '.hover': { padding: '6px 10px' },
  '.cm-diagnostic': { whiteSpace: 'pre-wrap' },
  '.cm-placeholder': { color: 'var(--soft)' },
  '.word-property': { color: 'var(--field)' },
  '.word-macro, .word-function': { color: 'var(--macro)' },
  '.word-keyword, .word-operator': { color: 'var(--word)', fontWeight: '600' },
  '.word-variable': { color: 'var(--macro)' },
  '.word-class': { fontWeight: '700' },
})

function completing(author: Author): Extension {
  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString()
    const offers = await author.complete(text, context.pos)
    if (!offers || offers.items.length === 0 || context.aborted) return null
    const { from } = offers.range
    if (!context.explicit && from === context.pos && !/[\s(]$/.test(text.slice(0, from))) return null
    return {
      from,
      filter: true,
      ...(!offers.incomplete && { validFor: /^[\w.[\]-]*$/ }),
      options: offers.items.map(({ label, kind, detail, insert, snippet: isSnippet }) => ({
        ...{ label, type: COMPLETION_TYPES[kind] ?? 'text' },
        ...(detail !== undefined && { detail: detail.length > 60 ? `${detail.slice(0, 60)}…` : detail }),
        ...(insert !== undefined && { apply: isSnippet ? snippet(insert.replace('$0', '#{}')) : insert }),
        ...(author.doc && {
          info: async () => {
            const doc = await author.doc!(context.pos, label, kind)
            return doc === undefined ? null : textNode(doc)
          },
        }),
      })),
    }
  }
  return autocompletion({ override: [source], icons: false, activateOnTypingDelay: 50 })
}

/** Markdown as the language makes it, as text: without its signs. */
function textNode(markdown: string): HTMLElement {
  const node = document.createElement('div')
  node.className = 'hover'
  node.textContent = markdown
    .replace(/\n*```\w*\n?/g, '\n')
    .replace(/\*\*|`/g, '')
    .replace(/\\([\\*_{}[\]()#!<>|~&])/g, '$1')
    .trim()
  return node
}

function hovering(author: Author): Extension {
  return hoverTooltip(async (_, offset) => {
    const found = await author.hover?.(offset)
    return found ? { pos: found.from, end: found.to, create: () => ({ dom: textNode(found.text) }) } : null
  })
}

/** @param parent its styles are its own: the page's policy allows no style elements, but sheets of a shadow tree */
function rootIn(parent: HTMLElement): ShadowRoot {
  return parent.shadowRoot ?? parent.attachShadow({ mode: 'open' })
}

export class Editor {
  readonly #view: EditorView

  constructor(parent: HTMLElement, { label, text, author, changed, run }: EditorOptions) {
    const root = rootIn(parent)
    this.#view = new EditorView({
      ...{ root, parent: root },
      state: EditorState.create({
        doc: text,
        extensions: [
          ...[lineNumbers(), history(), drawSelection(), highlightActiveLine(), indentOnInput(), closeBrackets()],
          ...[yaml(), syntaxHighlighting(HIGHLIGHT), colors, lintGutter(), completing(author), hovering(author)],
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                run()
                return true
              },
            },
            { key: 'Tab', run: acceptCompletion },
            ...[...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap],
            indentWithTab,
          ]),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of(({ docChanged, state }) => void (docChanged && changed(state.doc.toString()))),
          THEME,
        ],
      }),
    })
    // What scrolls can be reached by keys.
    this.#view.scrollDOM.tabIndex = 0
  }

  set findings(findings: readonly Finding[]) {
    const { length } = this.#view.state.doc
    const all = findings.map(({ place, severity, message, advice, code, fix }): Diagnostic => {
      const from = Math.min(place.offset, length)
      return {
        ...{ from, to: Math.min(from + Math.max(1, place.length), length), severity, source: code },
        message: advice === undefined ? message : `${message}\n${advice}`,
        ...(fix && { actions: [{ name: 'Mend', apply: view => mend(view, fix) }] }),
      }
    })
    this.#view.dispatch(setDiagnostics(this.#view.state, all))
  }

  set colors(found: readonly Color[]) {
    this.#view.dispatch({ effects: setColors.of(found) })
  }

  goTo(line: number, column: number): void {
    const { doc } = this.#view.state
    const at = doc.line(Math.min(Math.max(1, line), doc.lines))
    const anchor = Math.min(at.from + Math.max(0, column - 1), at.to)
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) })
    this.#view.focus()
  }

  close(): void {
    this.#view.destroy()
  }
}

function mend(view: EditorView, edits: NonNullable<Finding['fix']>): void {
  view.dispatch({
    changes: edits.map(({ offset, length, text }) => ({ from: offset, to: offset + length, insert: text })),
  })
}
