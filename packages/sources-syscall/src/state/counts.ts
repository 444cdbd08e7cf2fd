/** Counts of entries that the tables had no room for or could not use, since the start. */
export interface StateLosses {
  /** Threads dropped because there were too many. */
  readonly threadTableFull: number
  /** Descriptors dropped because their process had too many. */
  readonly fdTableFull: number
  /** Users and groups dropped because their container had too many. */
  readonly userTableFull: number
  /** Containers evicted, oldest first, because there were too many. */
  readonly containerTableFull: number
  /** Descriptors of the initial tables that belong to no thread in them. */
  readonly orphanFds: number
  /** Container events whose JSON could not be parsed. */
  readonly unreadableContainers: number
  /** Programs started with more arguments than recorders capture (proc.args_truncated). */
  readonly truncatedArgs: number
  /** Programs started with a larger environment than recorders capture (proc.env_truncated). */
  readonly truncatedEnvs: number
  /** Number of times that fields visited only some of the ancestors, because there were too many. */
  readonly ancestorsCut: number
}

/** The size of the tables, and how much has gone through them. */
export interface StateCounts {
  readonly threads: number
  /** Descriptors of all processes. */
  readonly fds: number
  readonly addedThreads: number
  readonly removedThreads: number
  /** Threads that an event refers to and that were unknown. */
  readonly unknownThreads: number
  readonly containers: number
  readonly losses: StateLosses
}
