/** Turns requests to an API server, written as a line and a body, into the audit events that they cause. */

/**
 *   dev create pods ns=shop                       USER VERB RESOURCE; a granted and completed request, with code 201
 *   eve get pods/log ns=shop name=web code=403    RESOURCE/SUBRESOURCE; refused
 *   system:anonymous get /version code=200        a path that is not a resource
 *
 * Further words: `stage=`, `uri=`, `as=` (impersonation). The body is the request's object as JSON.
 */
export function auditEvent(line: string, body: string): string {
  const [user, verb, what, ...words] = line.trim().split(/ +/) as [string, string, string, ...string[]]
  const {
    ns,
    name = 'thing',
    code = '201',
    stage = 'ResponseComplete',
    uri,
    as,
  } = Object.fromEntries(words.map(word => /^(\w+)=(.*)$/.exec(word)!.slice(1)))
  const [resource, subresource] = what.split('/')
  return JSON.stringify({
    kind: 'Event',
    auditID: '4b0fa96f-0b55-4d7d-9d4c-6f1d4f9e5a10',
    stage,
    stageTimestamp: '2026-03-17T10:00:00.000001Z',
    verb,
    requestURI: uri ?? (what.startsWith('/') ? what : '/api/v1/x'),
    user: { username: user },
    ...(as && { impersonatedUser: { username: as } }),
    sourceIPs: ['192.0.2.7'],
    ...(!what.startsWith('/') && { objectRef: { resource, subresource, namespace: ns, name } }),
    responseStatus: { code: Number(code) },
    ...(body && { requestObject: JSON.parse(body) }),
    annotations: { 'authorization.k8s.io/decision': code === '403' ? 'forbid' : 'allow' },
  })
}
