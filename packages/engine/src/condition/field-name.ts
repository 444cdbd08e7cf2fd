/** The name of a macro or a list's bare word, and a part of a field's name. */
export const IDENTIFIER = '[a-zA-Z][a-zA-Z0-9_]*'

/** The name of a field, as in Falco: without a dot it would be that of a macro. */
export const FIELD_NAME: string = `${IDENTIFIER}(?:\\.${IDENTIFIER})+`
