import type { AlertData } from '@falc/engine'

/** How alerts are written. */
export interface Format {
  /** The media type of what `print` returns. */
  readonly contentType: string
  /** One line, without a line break at the end. */
  print(alert: AlertData): string
}

/** A format that prints an alert once for all outputs that share it. */
export function shared(format: Format): Format {
  let last: AlertData | undefined
  let text = ''
  return {
    contentType: format.contentType,
    print(alert) {
      if (alert !== last) {
        text = format.print(alert)
        last = alert
      }
      return text
    },
  }
}
