/** A working directory, shared by the threads of a process and by processes created with CLONE_FS. */
export class WorkingDirectory {
  /** Ends with "/"; '' = not known. */
  path: string
  /** True if several processes share it. */
  shared = false

  constructor(path: string) {
    this.path = path
  }
}
