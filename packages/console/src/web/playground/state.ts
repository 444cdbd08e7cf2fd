/** The state of a playground: rules, an input, and results. */
import { computed, signal } from '@preact/signals'
import type { AlertJson, Place, WhyClause } from '../../shapes/index.ts'
import type { Author } from './editor.ts'
import { INPUTS, RULES, SCENE } from './examples.ts'
import {
  type Color,
  type Done,
  type Finding,
  type Input,
  isTestFile,
  type Loaded,
  MAX_ALERTS,
  type Progress,
  type RulesText,
  type Tested,
} from './messages.ts'
import { Thread } from './thread.ts'

/** Milliseconds without a keystroke, after which rules are run again: only on inputs that take less than `QUICK_MS`. */
const QUIET_MS = 600
const QUICK_MS = 1500
/** Bytes of a rules file; larger files are not taken for one. */
const MAX_RULES = 4_000_000

const isLarge = ({ size }: File) => size > MAX_RULES

export type Playground = ReturnType<typeof createPlayground>

/** @param rules to begin with; default: falc's own */
export function createPlayground(rules: readonly RulesText[] = RULES) {
  const files = signal<readonly RulesText[]>(rules)
  const current = signal(rules[0]?.name ?? '')
  const findings = signal<ReadonlyMap<string, readonly Finding[]>>(new Map())
  const colors = signal<readonly Color[]>([])
  const target = signal<Place | undefined>(undefined)
  /** How often files were taken from outside: an editor shows a text that it did not write. */
  const revision = signal(0)
  const scene = signal(SCENE)
  const input = signal<Input | undefined>(INPUTS[0]?.input())
  const running = signal(false)
  const progress = signal<Progress | undefined>(undefined)
  const loaded = signal<Loaded | undefined>(undefined)
  const done = signal<Done | undefined>(undefined)
  /** Of the test files, with the rules as they are now. */
  const tested = signal<readonly Tested[]>([])
  const alerts = signal<readonly AlertJson[]>([])
  const error = signal<string | undefined>(undefined)
  const why = signal<WhyClause | undefined>(undefined)

  const language = new Thread(news => {
    if (news.news === 'found') findings.value = new Map(findings.value).set(news.name, news.findings)
  })
  let runner: Thread | undefined
  let quiet: ReturnType<typeof setTimeout> | undefined
  let isClosed = false

  const content = computed(() => files.value.find(({ name }) => name === current.value)?.content ?? '')
  /** Input that is written in the page has no file. */
  const isScene = computed(() => input.value === undefined)

  async function understand(): Promise<void> {
    const name = current.value
    void language.call('texts', rulesOf(files.value)).catch(() => {})
    if (isTestFile(name)) return
    void language.call('check', name).catch(() => {})
    const found = await language.call('colors', name).catch(() => [])
    if (name === current.value) colors.value = found
  }

  function again(): void {
    clearTimeout(quiet)
    if (done.value && done.value.took < QUICK_MS && !running.value) quiet = setTimeout(() => void run(), QUIET_MS)
  }

  function select(name: string): void {
    current.value = name
    target.value = undefined
    colors.value = []
    void understand()
  }

  function edit(text: string): void {
    if (text === content.value) return
    files.value = files.value.map(file => (file.name === current.value ? { ...file, content: text } : file))
    void understand()
    again()
  }

  /** In the order of loading; one with the name of another takes its place. */
  async function add(chosen: readonly File[]): Promise<void> {
    const texts = await Promise.all(
      chosen
        .filter(file => !isLarge(file))
        .map(async file => ({ name: file.name, content: (await file.text()).replace(/\r\n/g, '\n') })),
    )
    if (texts.length > 0) {
      // Those that one began with are an example; own ones take their place.
      const kept =
        files.value === rules ? [] : files.value.filter(({ name }) => !texts.some(text => text.name === name))
      files.value = [...kept, ...inLoadOrder(texts)]
      revision.value++
      select(files.value[0]?.name ?? '')
      void run()
    }
    const large = chosen.filter(isLarge).map(({ name }) => name)
    // After the run has begun, which forgets earlier errors.
    if (large.length > 0) error.value = `left out, larger than ${MAX_RULES / 1_000_000} MB: ${large.join(', ')}`
  }

  function remove(name: string): void {
    files.value = files.value.filter(file => file.name !== name)
    if (current.value === name) select(files.value[0]?.name ?? '')
    void run()
  }

  /** @param tests a file of tests, with the rule that a new file begins with */
  function create(tests = false): void {
    const names = new Set(files.value.map(({ name }) => name))
    const [end, content] = tests ? ['.test.yaml', NEW_TESTS] : ['.yaml', NEW_RULE]
    let name = `my-rules${end}`
    for (let n = 2; names.has(name); n++) name = `my-rules-${n}${end}`
    files.value = [...files.value, { name, content }]
    select(name)
    if (tests) void run()
  }

  function show(place: Place): void {
    if (place.file !== current.value) select(place.file)
    target.value = { ...place }
  }

  function choose(next: Input | undefined): void {
    input.value = next
    void run()
  }

  function write(text: string): void {
    scene.value = text
    again()
  }

  async function run(): Promise<void> {
    end()
    running.value = true
    error.value = undefined
    progress.value = undefined
    let fresh: AlertJson[] = []
    const thread = new Thread(news => {
      if (thread !== runner) return
      if (news.news === 'progress') progress.value = news.progress
      if (news.news === 'alerts') {
        fresh = [...fresh, ...news.alerts].slice(0, MAX_ALERTS)
        alerts.value = fresh
      }
    })
    runner = thread
    const own = () => runner === thread && !isClosed
    try {
      const result = await thread.call('load', rulesOf(files.value))
      if (!own()) return
      loaded.value = result
      const results = result.ok ? await thread.call('test', rulesOf(files.value), files.value.filter(isTests)) : []
      if (!own()) return
      tested.value = results
      if (result.ok) {
        const finished = await thread.call('run', input.value ?? { name: 'scene', data: scene.value })
        if (!own()) return
        done.value = finished
        alerts.value = fresh
      }
    } catch (problem) {
      if (own()) {
        error.value = (problem as Error).message
        alerts.value = []
        done.value = undefined
      }
    }
    if (own()) running.value = false
  }

  /** For the user: this run has no result, and that of the run before is none of its own. */
  function stop(): void {
    if (running.value) done.value = undefined
    end()
  }

  function end(): void {
    clearTimeout(quiet)
    runner?.stop()
    runner = undefined
    running.value = false
  }

  /** @param number of the alert, from 0; undefined: none is looked at any more */
  async function explain(number: number | undefined): Promise<void> {
    why.value = undefined
    if (number === undefined || !runner) return
    const thread = runner
    const found = await thread.call('why', number).catch(() => undefined)
    if (thread === runner) why.value = found
  }

  const author: Author = {
    complete: (_, offset) => language.call('complete', current.value, offset),
    doc: (offset, label, kind) => language.call('doc', current.value, offset, label, kind),
    hover: offset => language.call('hover', current.value, offset),
  }

  function close(): void {
    isClosed = true
    end()
    language.stop()
  }

  void understand()
  const read = { files, current, content, revision, findings, colors, target, scene, input, isScene, why }
  const state = { running, progress, loaded, done, tested, alerts, error }
  return {
    ...read,
    ...state,
    author,
    select,
    edit,
    add,
    remove,
    create,
    show,
    choose,
    write,
    run,
    stop,
    explain,
    close,
  }
}

const NEW_RULE = `- rule: Shell started by a web server
  desc: A web server that starts a shell has probably been made to.
  condition: evt.type = execve and proc.name in (sh, bash) and proc.pname = nginx
  output: A web server started a shell | command=%proc.cmdline user=%user.name container=%container.name
  priority: WARNING
  tags: [mitre_execution]
`

const NEW_TESTS = `# Tests, as falc test runs them: here they run whenever rules or tests change, and when a file is saved.
tests:
  - name: nginx starts a shell
    event: { evt.type: execve, proc.name: sh, proc.pname: nginx }
    expect: { Shell started by a web server: 1 }
  - name: a person starts a shell
    event: { evt.type: execve, proc.name: sh, proc.pname: sshd }
    expect: { Shell started by a web server: { because: proc.pname } }
`

const isTests = ({ name }: RulesText) => isTestFile(name)
const rulesOf = (files: readonly RulesText[]) => files.filter(file => !isTests(file))

/** `falco_rules.yaml` comes before what builds upon it. */
function inLoadOrder(texts: readonly RulesText[]): RulesText[] {
  const rank = (name: string) =>
    /^falco_rules\.ya?ml$/.test(name) ? 0 : isTestFile(name) ? 3 : /local/.test(name) ? 2 : 1
  return texts.toSorted((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1))
}
