import type { Rows } from './row.ts'

/** Roles and their bindings. */
export const ACCESS = {
  'ka.req.binding.role': { reader: 'plain', pointer: '/requestObject/roleRef/name', doc: 'Role that a binding gives' },
  'ka.req.binding.subjects': {
    reader: 'plainList',
    pointer: '/requestObject/subjects',
    list: true,
    doc: 'Whom a binding gives the role to, each as JSON',
  },
  'ka.req.binding.subjects.user_names': {
    reader: 'users',
    pointer: '/requestObject/subjects',
    list: true,
    doc: 'Users among the subjects',
  },
  'ka.req.binding.subjects.group_names': {
    reader: 'groups',
    pointer: '/requestObject/subjects',
    list: true,
    doc: 'Groups among the subjects',
  },
  'ka.req.binding.subjects.serviceaccount_names': {
    reader: 'serviceAccounts',
    pointer: '/requestObject/subjects',
    list: true,
    doc: 'Service accounts among the subjects',
  },
  'ka.req.binding.subjects.serviceaccount_ns_names': {
    reader: 'namespacedServiceAccounts',
    pointer: '/requestObject/subjects',
    list: true,
    doc: 'Service accounts among the subjects, as namespace:name',
  },
  'ka.req.binding.subject.has_name': { reader: 'constTrue', pointer: '', arg: 'key', doc: 'Deprecated: always true' },
  'ka.req.role.rules': {
    reader: 'plainList',
    pointer: '/requestObject/rules',
    list: true,
    doc: 'Rules of a role, each as JSON',
  },
  'ka.req.role.rules.apiGroups': {
    reader: 'flatten',
    pointer: '/requestObject/rules/*/apiGroups',
    list: true,
    arg: 'index',
    doc: "API groups of a role's rules (of the one that the index names)",
  },
  'ka.req.role.rules.nonResourceURLs': {
    reader: 'flatten',
    pointer: '/requestObject/rules/*/nonResourceURLs',
    list: true,
    arg: 'index',
    doc: "Paths beside the API's resources of a role's rules",
  },
  'ka.req.role.rules.resources': {
    reader: 'flatten',
    pointer: '/requestObject/rules/*/resources',
    list: true,
    arg: 'index',
    doc: "Resource types of a role's rules",
  },
  'ka.req.role.rules.verbs': {
    reader: 'flatten',
    pointer: '/requestObject/rules/*/verbs',
    list: true,
    arg: 'index',
    doc: "Verbs of a role's rules",
  },
} satisfies Rows
