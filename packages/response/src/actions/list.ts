import type { Action } from '../model/action.ts'
import { capture } from './capture.ts'
import { disconnectContainer, killContainer, pauseContainer, stopContainer } from './container.ts'
import { quarantineFile } from './file.ts'
import { KUBERNETES } from './kubernetes.ts'
import { checkpointContainer, debugContainer, execInContainer } from './kubernetes-container.ts'
import { revokeBinding } from './kubernetes-rights.ts'
import { killProcess, stopProcess } from './process.ts'
import { notify, program, publish, webhook } from './tell.ts'

/** The actions of falc's own, in the order of the documentation. */
export const ACTIONS: readonly Action[] = [
  stopProcess,
  killProcess,
  pauseContainer,
  disconnectContainer,
  stopContainer,
  killContainer,
  quarantineFile,
  capture,
  ...KUBERNETES,
  checkpointContainer,
  debugContainer,
  execInContainer,
  revokeBinding,
  notify,
  webhook,
  publish,
  program,
]
