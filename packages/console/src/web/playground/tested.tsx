/** The results of the rules' tests. */
import { cut, visible } from '../hostile.ts'
import type { Tested } from './messages.ts'

/** Tests that are listed: the failed ones first. */
const MAX_SHOWN = 200

export function Tests({ results }: { results: readonly Tested[] }) {
  if (results.length === 0) return null
  const run = results.filter(({ skipped }) => skipped === undefined)
  const failed = run.filter(({ problems }) => problems.length > 0)
  const shown = [...failed, ...results.filter(one => !failed.includes(one))].slice(0, MAX_SHOWN)
  return (
    <section aria-label="Tests" aria-live="polite">
      <h2>
        {failed.length > 0
          ? `${failed.length} of ${run.length} tests failed`
          : `${run.length} test${run.length === 1 ? '' : 's'} passed`}
      </h2>
      <ol class="tests">
        {shown.map(({ file, name, problems, skipped }, i) => (
          <li
            key={`${i} ${file} ${name}`}
            class={problems.length > 0 ? 't-false' : skipped === undefined ? 't-true' : ''}
          >
            <span class="sign" role="img" aria-label={problems.length > 0 ? 'failed' : skipped ? 'not run' : 'passed'}>
              {problems.length > 0 ? '✗' : skipped ? '·' : '✓'}
            </span>{' '}
            {visible(cut(name, 200))} <span class="hint">{visible(cut(skipped ?? file, 100))}</span>
            {problems.map(problem => (
              <pre key={problem}>{visible(cut(problem, 2000)).replaceAll('\\u000a', '\n')}</pre>
            ))}
          </li>
        ))}
      </ol>
    </section>
  )
}
