import type { Rows } from './row.ts'

/** The user, the request and the decision. */
export const REQUEST = {
  'ka.auditid': { reader: 'plain', pointer: '/auditID', doc: 'Unique id of the audited request' },
  'ka.stage': {
    reader: 'plain',
    pointer: '/stage',
    doc: 'Stage of the request: RequestReceived, ResponseStarted, ResponseComplete or Panic',
  },
  'ka.auth.decision': {
    reader: 'plain',
    pointer: '/annotations/authorization.k8s.io~1decision',
    doc: 'Authorization decision: allow or forbid',
  },
  'ka.auth.reason': {
    reader: 'plain',
    pointer: '/annotations/authorization.k8s.io~1reason',
    doc: 'Why it was decided so',
  },
  'ka.auth.openshift.decision': {
    reader: 'plain',
    pointer: '/annotations/authentication.openshift.io~1decision',
    doc: 'Authentication decision of OpenShift',
  },
  'ka.auth.openshift.username': {
    reader: 'plain',
    pointer: '/annotations/authentication.openshift.io~1username',
    doc: 'User who authenticated with OpenShift',
  },
  'ka.validations.admission.policy.failure': {
    reader: 'plain',
    pointer: '/annotations/validation.policy.admission.k8s.io~1validation_failure',
    doc: 'Failures of validating admission policies that are set to audit',
  },
  'ka.security.pod.violations': {
    reader: 'plain',
    pointer: '/annotations/pod-security.kubernetes.io~1audit-violations',
    doc: 'Violations of the pod security standard that the namespace audits',
  },
  'ka.cluster.name': {
    reader: 'plain',
    pointer: '/annotations/cluster_name',
    doc: 'Name of the cluster, where the log carries it',
  },
  'ka.user.name': { reader: 'plain', pointer: '/user/username', doc: 'User who made the request' },
  'ka.user.groups': { reader: 'plainList', pointer: '/user/groups', list: true, doc: "The user's groups" },
  'ka.impuser.name': {
    reader: 'plain',
    pointer: '/impersonatedUser/username',
    doc: 'User as whom the request was made (impersonation)',
  },
  'ka.verb': { reader: 'plain', pointer: '/verb', doc: 'Action: get, list, watch, create, update, patch, delete …' },
  'ka.uri': { reader: 'plain', pointer: '/requestURI', doc: 'Request URI as sent to the API server' },
  'ka.uri.param': {
    reader: 'uriParam',
    pointer: '/requestURI',
    arg: 'key',
    doc: 'Query parameter of the request URI: ka.uri.param[command] of /…/exec?command=sh is sh',
  },
  'ka.useragent': { reader: 'plain', pointer: '/userAgent', doc: 'User agent of the client' },
  'ka.sourceips': {
    reader: 'plainList',
    pointer: '/sourceIPs',
    list: true,
    arg: 'index',
    doc: 'IP addresses that the request came from and passed through',
  },
  'ka.target.name': {
    reader: 'plain',
    pointer: '/objectRef/name',
    doc: 'Name of the object that the request is about',
  },
  'ka.target.namespace': { reader: 'plain', pointer: '/objectRef/namespace', doc: 'Namespace of the object' },
  'ka.target.resource': {
    reader: 'plain',
    pointer: '/objectRef/resource',
    doc: 'Resource type of the object, in plural: pods, configmaps …',
  },
  'ka.target.subresource': { reader: 'plain', pointer: '/objectRef/subresource', doc: 'Subresource, as exec of a pod' },
  'ka.target.pod.name': {
    reader: 'targetPodName',
    pointer: '/responseObject/metadata/name',
    doc: 'Name of the pod that the request is about (not for its subresources)',
  },
} satisfies Rows

/** What came of it. */
export const RESPONSE = {
  'ka.resp.name': { reader: 'plain', pointer: '/responseObject/metadata/name', doc: "Name of the response's object" },
  'ka.response.code': { reader: 'plain', pointer: '/responseStatus/code', doc: 'HTTP status of the response' },
  'ka.response.reason': {
    reader: 'plain',
    pointer: '/responseStatus/reason',
    doc: 'Reason of a failure, as Forbidden or NotFound',
  },
} satisfies Rows
