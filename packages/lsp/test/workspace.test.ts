import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { textOf } from '../src/server/disk.ts'
import { Workspace } from '../src/workspace/workspace.ts'

/** A workspace of empty files. */
function workspaceOf(...uris: readonly string[]): Workspace {
  const workspace = new Workspace()
  for (const uri of uris) workspace.set(uri, '')
  return workspace
}
const project = (workspace: Workspace, uri: string) => workspace.project(uri).map(file => file.uri)

test('the files of a folder are loaded in the order of their names, a local file after the one that it extends', () => {
  const workspace = workspaceOf(
    'file:///a/x.yaml',
    'file:///a/falco_rules.local.yaml',
    'file:///a/falco_rules.yaml',
    'file:///b/y.yml',
  )
  expect(project(workspace, 'file:///a/x.yaml')).toEqual([
    'file:///a/falco_rules.yaml',
    'file:///a/falco_rules.local.yaml',
    'file:///a/x.yaml',
  ])
  expect(project(workspace, 'file:///b/y.yml')).toEqual(['file:///b/y.yml'])
})

test('the files of rules.d are loaded after those of its parent folder', () => {
  const workspace = workspaceOf('file:///etc/falco/rules.d/a.yaml', 'file:///etc/falco/falco_rules.yaml')
  expect(project(workspace, 'file:///etc/falco/rules.d/a.yaml')).toEqual([
    'file:///etc/falco/falco_rules.yaml',
    'file:///etc/falco/rules.d/a.yaml',
  ])
  expect(project(workspace, 'file:///etc/falco/falco_rules.yaml')).toEqual(['file:///etc/falco/falco_rules.yaml'])
})

test('files that the settings name come first, in that order, and form their own project', () => {
  const workspace = workspaceOf('file:///v/b.yaml', 'file:///v/a.yaml', 'file:///base/z.yaml', 'file:///mine/r.yaml')
  workspace.before = ['file:///base/z.yaml', 'file:///v/', 'file:///gone.yaml']
  const base = ['file:///base/z.yaml', 'file:///v/a.yaml', 'file:///v/b.yaml']
  expect(project(workspace, 'file:///mine/r.yaml')).toEqual([...base, 'file:///mine/r.yaml'])
  expect(project(workspace, 'file:///v/a.yaml')).toEqual(base)
})

test('the files that a falco.yaml names are loaded in its order', () => {
  const files = ['a.yaml', 'z.yaml', 'rules.d/2.yaml', 'rules.d/1.yaml', 'other.yaml'].map(name => `file:///w/${name}`)
  const workspace = workspaceOf(...files)
  const named = ['file:///w/z.yaml', 'file:///w/a.yaml', 'file:///w/rules.d/1.yaml', 'file:///w/rules.d/2.yaml']
  expect(workspace.order('file:///w/falco.yaml', ['z.yaml', './a.yaml', '/etc/falco/rules.d/', 'gone.yaml'])).toBe(true)
  expect(workspace.order('file:///w/falco.yaml', ['z.yaml', './a.yaml', '/etc/falco/rules.d/', 'gone.yaml'])).toBe(
    false,
  )
  for (const uri of named) expect(project(workspace, uri)).toEqual(named)
  expect(project(workspace, 'file:///w/other.yaml')).toHaveLength(3)
  workspace.order('file:///w/falco.yaml', [])
  expect(project(workspace, 'file:///w/z.yaml')).toHaveLength(3)
})

test('a name in a falco.yaml that is no URL yet leaves the others in order', () => {
  const workspace = workspaceOf('file:///w/a.yaml', 'file:///w/z.yaml')
  workspace.order('file:///w/falco.yaml', ['https://', '\ud800', 'z.yaml', 'a.yaml'])
  expect(project(workspace, 'file:///w/a.yaml')).toEqual(['file:///w/z.yaml', 'file:///w/a.yaml'])
})

test('a device and a pipe have no text, and are not waited for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  symlinkSync('/dev/null', join(folder, 'device.yaml'))
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
  for (const name of ['device.yaml', 'pipe.yaml'])
    expect(await textOf(pathToFileURL(join(folder, name)).href)).toBeUndefined()
})

test('the text of a file is without its byte order mark', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'marked.yaml')
  writeFileSync(path, '\ufeff- list: a\n')
  expect(await textOf(pathToFileURL(path).href)).toBe('- list: a\n')
})

test('files can be added and deleted, and setting the same text keeps the file', () => {
  const workspace = workspaceOf('file:///a/x.yaml')
  expect(project(workspace, 'file:///a/x.yaml')).toHaveLength(1)
  workspace.set('file:///a/y.yaml', '')
  expect(project(workspace, 'file:///a/x.yaml')).toHaveLength(2)
  workspace.delete('file:///a/x.yaml')
  expect(project(workspace, 'file:///a/y.yaml')).toEqual(['file:///a/y.yaml'])
  expect(workspace.set('file:///a/y.yaml', '')).toBe(workspace.file('file:///a/y.yaml'))
})
