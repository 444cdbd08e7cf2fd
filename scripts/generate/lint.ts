import { CHECKS, lint } from '../../packages/authoring/src/index.ts'
import { CODES, type Source, SourceText, snippet } from '../../packages/engine/src/index.ts'

/** docs/lint: an index, and a page for each check with its examples and what is reported in them. */
export function lintPages(sources: readonly Source[]): Record<string, string> {
  const pages = CHECKS.map(({ code, severity, summary, doc, examples }) => [
    `docs/lint/${code}.md`,
    `# ${code}

${summary} Severity: ${severity}.

## Avoid

\`\`\`yaml
${examples.bad.trimEnd()}
\`\`\`

\`\`\`text
${reported(examples.bad, sources)}
\`\`\`

## Prefer

\`\`\`yaml
${examples.good.trimEnd()}
\`\`\`

## Why

${doc}
`,
  ])
  return { ...Object.fromEntries(pages), 'docs/lint/README.md': index() }
}

function reported(content: string, sources: readonly Source[]): string {
  const name = 'rules.yaml'
  return lint([{ name, content }], { sources })
    .map(({ place, severity, code, message, advice }) => {
      const shown = snippet(new SourceText(name, content), place).replace(/^(?=.)/gm, '  ')
      return `${name}:${place.line}:${place.column}: ${severity} ${code}: ${message}\n${shown}${advice ? `  ${advice}` : ''}`
    })
    .join('\n')
    .trimEnd()
}

function index(): string {
  const checks = CHECKS.map(({ code, severity, summary }) => `| [${code}](${code}.md) | ${severity} | ${summary} |`)
  const codes = Object.entries(CODES).map(([code, { severity, long }]) => `| ${code} | ${severity} | ${long} |`)
  return `# falc lint

Finds mistakes in rules: conditions that can never hold, checks without effect, rules that another one shadows, exceptions that swallow
their rule. It reads conditions as the engine does, so it knows types, event types, macros and lists; what it cannot decide it does not
report.

\`\`\`console
$ falc lint rules/syscall.yaml
1 file: no findings
\`\`\`

Besides rules files it reads ConfigMaps, Helm values (\`customRules\`) and Rulesfile objects, and shows places in them. Rules that build
upon others need those first: \`falc lint -r falco_rules.yaml my-rules.yaml\`. The exit code is 1 when there are findings.

| flag             | meaning                                                                               |
| ---------------- | ------------------------------------------------------------------------------------- |
| \`--fix\`          | applies the safe fixes: the rules mean the same afterwards, or what was plainly meant |
| \`--unsafe-fixes\` | with \`--fix\`: fixes, too, whose result you should read                                |
| \`--format\`       | \`text\`, \`json\` (one object per line), \`sarif\` (code hosts), \`github\` (annotations)    |

## Allowing a finding

A comment in an item, or directly above it, allows a finding there; \`allow-file\` allows it in the whole file. It needs a reason, and
is itself reported when it has none, when there is no such code, or when there is nothing to allow.

\`\`\`yaml
# falc-lint: allow LOAD_NO_EVTTYPE: a rare program, whatever it does is of interest
- rule: Crash Dump Tool Used
  desc: A tool for crash dumps was used
  condition: proc.name = makedumpfile
  output: Crash dump tool used (user=%user.name command=%proc.cmdline)
  priority: NOTICE
\`\`\`

## In CI

On GitHub, the action shows findings, failed tests and their places in the pull request:

\`\`\`yaml
# .github/workflows/rules.yaml
on: [push, pull_request]
jobs:
  rules:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: falc-engine/falc@main
        with:
          rules: falco_rules.yaml   # what yours build upon
          lint: rules/
          test: rules/tests/
          fmt: rules/
\`\`\`

\`sarif: findings.sarif\` writes a file for github/codeql-action/upload-sarif. Elsewhere, \`falc lint --format sarif\` and
\`falc test --format junit\` say the same.

Before each commit, by [pre-commit](https://pre-commit.com), with the \`falc\` that is installed:

\`\`\`yaml
# .pre-commit-config.yaml
repos:
  - repo: https://github.com/falc-engine/falc
    rev: main
    hooks:
      - { id: falc-lint, args: [-r, falco_rules.yaml] }
      - id: falc-fmt
      - id: falc-test
\`\`\`

## Checks

| code | severity | what is found |
| ---- | -------- | ------------- |
${checks.join('\n')}

## What the loader finds

These come with every command that loads rules; their names are Falco's.

| code | severity | meaning |
| ---- | -------- | ------- |
${codes.join('\n')}

## On public rules

Run on Falco's four public rule files of 2026 (stable, incubating, sandbox, k8s_audit, loaded together), the checks report 24 findings, each of which a reader can confirm:

| finding | number | example |
| ------- | ------ | ------- |
| no-effect | 15 | the exclusion \`kubelet_running_loopback\` names a parent that an earlier line already excludes; \`contains --list\` beside \`contains -l\` |
| process-name-too-long | 4 | \`proc.name = probe_rpmverifypackage\`, of which the kernel keeps \`probe_rpmverify\` |
| negated-absent | 2 | \`not container.image.repository in (…)\` in a rule that does not ask for a container |
| duplicate-list-item | 1 | \`touch\`, twice in \`coreutils_binaries\` |
| shadowed-rule | 1 | \`Network Tool Executed During NPM Package Install\`: the incubating \`Launch Suspicious Network Tool in Container\` matches first |
| always-false | 1 | \`Launch Disallowed Container\`: its macro \`allowed_containers\` allows all until a user replaces it |

Two of them (8 %) are false positives, since what they find is meant: the last one, which waits for a user's list, and a macro
\`user_…_conditions\` that repeats another as an example.
`
}
