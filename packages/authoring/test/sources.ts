import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { syscall } from '../../sources-syscall/src/index.ts'

/** The sources that the tests' rules are for. */
export const SOURCES = [syscall(), k8sAudit()]
