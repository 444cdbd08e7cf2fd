/** The settings, below `falc` in an editor's configuration; the manifest of the extension for VS Code lists them. */
export const SETTINGS = {
  loadBefore: {
    default: [] as readonly string[],
    doc: 'Rules files and folders that all others build upon, in the order of loading. Relative paths begin at the folder of the workspace.',
  },
  lint: { default: true, doc: 'Show what `falc lint` finds, besides what does not load.' },
  absentHints: { default: true, doc: 'Mark negated checks that also hold for events without the field.' },
  testLenses: { default: true, doc: 'Show a link above rules that runs the tests that name them.' },
} as const

export type Settings = { readonly [K in keyof typeof SETTINGS]: Widened<(typeof SETTINGS)[K]['default']> }
type Widened<T> = T extends boolean ? boolean : T

/** What a client sent, with defaults for what is missing or of another type. */
export function settingsFrom(given: unknown): Settings {
  const values = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  const flag = (key: 'lint' | 'absentHints' | 'testLenses') => {
    const value = values[key]
    return typeof value === 'boolean' ? value : SETTINGS[key].default
  }
  const before = Array.isArray(values.loadBefore) ? values.loadBefore.filter(one => typeof one === 'string') : []
  return { loadBefore: before, lint: flag('lint'), absentHints: flag('absentHints'), testLenses: flag('testLenses') }
}
