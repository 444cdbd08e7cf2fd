/** Calls `end` when q or Ctrl-C is pressed. @returns a function that restores the terminal */
export function onQuit(end: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY || !process.stdout.isTTY) return () => {}
  // In raw mode every key arrives at once, Ctrl-C included.
  const key = (bytes: Buffer) => {
    if (bytes.includes('q') || bytes.includes(3)) end()
  }
  stdin.setRawMode(true)
  stdin.on('data', key)
  return () => {
    stdin.off('data', key)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
