import type { AlertData, ByteSink } from '@falc/engine'

/** A format of alerts. */
export interface Format {
  /** The media type of what `print` returns. */
  readonly contentType: string
  /** One line, without a line break at the end. */
  print(alert: AlertData): string
  /** Appends what `print` returns, in UTF-8, where that costs less than making it a text. */
  write?(alert: AlertData, sink: ByteSink): void
}
