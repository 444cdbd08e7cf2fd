import { commands, type ExtensionContext, window, workspace } from 'vscode'
import { LanguageClient } from 'vscode-languageclient/node'

let client: LanguageClient | undefined

/** Called by the editor when the first YAML file is opened. */
export async function activate(context: ExtensionContext): Promise<void> {
  context.subscriptions.push(commands.registerCommand('falc.restart', restart))
  await start()
}

/** Called by the editor before it closes. */
export async function deactivate(): Promise<void> {
  const last = client
  client = undefined
  // One whose start has failed cannot be stopped.
  if (last?.isRunning()) await last.stop()
}

async function restart(): Promise<void> {
  try {
    await deactivate()
  } finally {
    await start()
  }
}

async function start(): Promise<void> {
  const command = workspace.getConfiguration('falc').get('path', 'falc')
  try {
    client = new LanguageClient(
      'falc',
      'Falco rules (falc)',
      { command, args: ['lsp'] },
      { documentSelector: [{ language: 'yaml' }], synchronize: { configurationSection: 'falc' } },
    )
    await client.start()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    void window.showErrorMessage(
      `${command} lsp does not start: ${reason}. The setting falc.path names the falc command.`,
    )
  }
}
