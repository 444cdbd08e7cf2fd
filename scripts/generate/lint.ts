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

\`falc lint\` finds mistakes in rules: conditions that can never hold, checks without effect, shadowed rules, exceptions that swallow their
rule. It reads conditions as the engine does, with their types, event types, macros and lists, and reports only what it can decide with
certainty.

\`\`\`console
$ falc lint rules/syscall.yaml
1 file: no findings
\`\`\`

It also reads rules inside ConfigMaps, Helm values (\`customRules\`) and Rulesfile objects, and shows their positions there. Load the rules
on which yours depend with \`-r\`: \`falc lint -r falco_rules.yaml my-rules.yaml\`. The exit code is 1 if there are findings.

| flag             | meaning                                                                               |
| ---------------- | ------------------------------------------------------------------------------------- |
| \`--fix\`          | applies safe fixes, which keep the meaning of a rule, or restore an obvious one       |
| \`--unsafe-fixes\` | with \`--fix\`: also applies fixes whose result you should review                       |
| \`--format\`       | \`text\`, \`json\` (one object per line), \`sarif\` (code hosts), \`github\` (annotations)    |

## Suppressing a finding

A comment in an item, or directly above it, suppresses a finding there; \`allow-file\` suppresses it in the whole file. The comment needs a
reason. It is itself reported if it has none, if its code does not exist, or if there is nothing to suppress.

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
          rules: falco_rules.yaml   # on which yours depend
          lint: rules/
          test: rules/tests/
          fmt: rules/
\`\`\`

\`sarif: findings.sarif\` writes a file for github/codeql-action/upload-sarif. On other hosts, use \`falc lint --format sarif\` and
\`falc test --format junit\`.

To check before each commit with [pre-commit](https://pre-commit.com) and the installed \`falc\`:

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

## Codes of the loader

Every command that loads rules reports these. Their names are Falco's.

| code | severity | meaning |
| ---- | -------- | ------- |
${codes.join('\n')}

## On public rules

On Falco's four public rules files of 2026 (stable, incubating, sandbox and k8s_audit, loaded together), the checks report 24 findings:

| finding | number | example |
| ------- | ------ | ------- |
| no-effect | 15 | the exclusion \`kubelet_running_loopback\` names a parent that an earlier line already excludes; \`contains --list\` beside \`contains -l\` |
| process-name-too-long | 4 | \`proc.name = probe_rpmverifypackage\`, of which the kernel keeps \`probe_rpmverify\` |
| negated-absent | 2 | \`not container.image.repository in (…)\` in a rule that does not ask for a container |
| duplicate-list-item | 1 | \`touch\`, twice in \`coreutils_binaries\` |
| shadowed-rule | 1 | \`Network Tool Executed During NPM Package Install\`: the incubating \`Launch Suspicious Network Tool in Container\` matches first |
| always-false | 1 | \`Launch Disallowed Container\`: its macro \`allowed_containers\` allows all until a user replaces it |

Two of them (8 %) are false positives, because the rules are intended that way: the last one, which waits for a user's list, and a macro
\`user_…_conditions\` that repeats another one as an example.
`
}
