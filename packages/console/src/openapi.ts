/** The table of routes as an OpenAPI document. */
import type { AnyRoute } from './routes/route.ts'

export function openapi(routes: readonly AnyRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route)
  return {
    openapi: '3.1.0',
    info: { title: 'Falc console', version },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

function operation({ summary, scope, open, path, parameters, body }: AnyRoute): object {
  const inQuery = Object.entries(parameters).map(([name, { type, doc, example }]) => ({
    ...{ name, in: 'query', description: doc, schema: { type } },
    ...(example !== undefined && { example }),
  }))
  const inPath = path.includes('{id}') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : []
  const json = (description: string) => ({
    description,
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  return {
    summary,
    security: open ? [] : [{ token: [scope] }],
    parameters: [...inPath, ...inQuery],
    ...(body !== undefined && { requestBody: { required: true, ...json(body) } }),
    responses: { 200: json('The answer'), default: json('`{"error": {"code", "message"}}`') },
  }
}
