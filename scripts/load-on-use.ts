/**
 * Of a bundle in several files: the imports of a file, of other files and of Node's modules, that are only used by their members are
 * loaded by the first use. Most of what a command imports is for cases that a run never meets. Once loaded, the module is a constant
 * property: to V8 then as good as a variable.
 */
export function loadOnUse(code: string): string {
  const imports = /^(?:const|let) ((?:node_|require_(?!rolldown))\w+) = require\(("[^"]+")\);$/gm
  const uses = (name: string, what: string) => new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name}${what}`, 'g')
  let text = code
  for (const [statement, name, path] of code.matchAll(imports)) {
    const rest = text.split(statement)
    if (rest.some(part => uses(name!, '(?![\\w$.])').test(part))) continue
    const load = `const ${name} = { get _() { const value = require(${path}); Object.defineProperty(this, '_', { value }); return value } };`
    text = rest.map(part => part.replace(uses(name!, '\\.'), `${name}._.`)).join(load)
  }
  return text
}
