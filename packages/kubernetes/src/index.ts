export {
  type KubeAnswer,
  KubeClient,
  type KubePlace,
  type KubeRequest,
  pathOf,
} from './client.ts'
export { fromKubeconfig, inCluster, type KubeConfig } from './config.ts'
export type { Named, PodDescription } from './description.ts'
export { type Change, Directory, type DirectoryOptions, type Found } from './directory.ts'
export type { Executed } from './exec.ts'
export { KINDS, type Kind, metadataRole } from './kinds.ts'
