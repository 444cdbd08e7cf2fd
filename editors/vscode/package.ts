/**
 * Packs the extension as VS Code installs it: a zip archive with the files below `extension/`, and two descriptions beside it.
 *   node editors/vscode/package.ts [--out FILE]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { strToU8, zipSync } from 'fflate'
import { build } from 'rolldown'
import { SETTINGS } from '../../packages/lsp/src/server/settings.ts'
import { notices } from '../../scripts/notices.ts'

const HERE = import.meta.dirname

/** The same for the same sources: the archive has no times. */
const TIME = new Date(2000, 0, 1)

/** The archive's bytes. */
export async function pack(): Promise<Uint8Array> {
  const read = (file: string) => readFileSync(join(HERE, file))
  const { devDependencies: _, private: __, type: ___, ...manifest } = JSON.parse(read('package.json').toString('utf8'))
  Object.assign(manifest.contributes.configuration.properties, settings())
  const files: Record<string, Uint8Array> = {
    '[Content_Types].xml': strToU8(CONTENT_TYPES),
    'extension.vsixmanifest': strToU8(description(manifest)),
    'extension/package.json': strToU8(`${JSON.stringify(manifest, null, 2)}\n`),
    'extension/readme.md': absoluteLinks(read('README.md').toString('utf8')),
    'extension/LICENSE.txt': read('../../LICENSE'),
    ...(await bundled()),
  }
  for (const { path } of manifest.contributes.grammars) files[`extension/${path.replace(/^\.\//, '')}`] = read(path)
  return zipSync(files, { mtime: TIME, level: 9 })
}

async function bundled(): Promise<Record<string, Uint8Array>> {
  const { output } = await build({
    input: join(HERE, 'src/extension.ts'),
    platform: 'node',
    external: ['vscode'],
    logLevel: 'warn',
    write: false,
    output: { format: 'cjs', codeSplitting: false, minify: true },
  })
  const [{ code, moduleIds }] = output
  return {
    'extension/out/extension.js': strToU8(code),
    'extension/NOTICES.txt': strToU8(`The extension contains these packages:\n\n${notices(moduleIds)}`),
  }
}

/** The settings of the language server, as the manifest lists them. */
function settings(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { default: value, doc }]) => {
      const type = typeof value === 'boolean' ? { type: 'boolean' } : { type: 'array', items: { type: 'string' } }
      return [`falc.${name}`, { ...type, default: value, markdownDescription: doc }]
    }),
  )
}

/** The page is shown where the repository is not. */
function absoluteLinks(text: string): Uint8Array {
  return strToU8(text.replaceAll('](../../', '](https://github.com/falc-engine/falc/blob/main/'))
}

const CONTENT_TYPES = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension=".json" ContentType="application/json"/><Default Extension=".vsixmanifest" ContentType="text/xml"/><Default Extension=".js" ContentType="application/javascript"/><Default Extension=".md" ContentType="text/markdown"/><Default Extension=".txt" ContentType="text/plain"/></Types>
`

interface Manifest {
  readonly name: string
  readonly version: string
  readonly publisher: string
  readonly displayName: string
  readonly description: string
  readonly categories: readonly string[]
  readonly keywords: readonly string[]
  readonly engines: { readonly vscode: string }
  readonly homepage: string
}

function description(manifest: Manifest): string {
  const { name, version, publisher, displayName, categories, keywords, engines, homepage } = manifest
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/>
    <DisplayName>${xml(displayName)}</DisplayName>
    <Description xml:space="preserve">${xml(manifest.description)}</Description>
    <Tags>${xml(keywords.join(','))}</Tags>
    <Categories>${xml(categories.join(','))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <License>extension/LICENSE.txt</License>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${xml(engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionDependencies" Value=""/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionPack" Value=""/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
      <Property Id="Microsoft.VisualStudio.Code.ExecutesCode" Value="true"/>
      <Property Id="Microsoft.VisualStudio.Services.Links.Source" Value="${xml(homepage)}"/>
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/readme.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
  </Assets>
</PackageManifest>
`
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(HERE, 'falc-rules.vsix') } } })
  writeFileSync(values.out, await pack())
  console.log(`wrote ${values.out}`)
}
