import type { Format } from '../model/format.ts'
import { cef } from './cef.ts'
import { cloudevents } from './cloudevents.ts'
import { ecs } from './ecs.ts'
import { falcoJson, falcoText } from './falco.ts'
import { ocsf } from './ocsf.ts'

/** The formats of an output. */
export const FORMATS = {
  json: { format: falcoJson(), doc: "Falco's JSON" },
  text: { format: falcoText, doc: "Falco's line of text" },
  ecs: { format: ecs, doc: 'a document of the Elastic Common Schema 8' },
  cloudevents: { format: cloudevents, doc: 'a CloudEvent 1.0 in structured mode' },
  ocsf: { format: ocsf, doc: 'a Detection Finding (2004) of OCSF 1.8' },
  cef: { format: cef, doc: "a line of ArcSight's CEF" },
} as const satisfies Readonly<Record<string, { readonly format: Format; readonly doc: string }>>

export type FormatName = keyof typeof FORMATS
