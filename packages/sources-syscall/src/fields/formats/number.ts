import type { ParamFormat } from '../../events/params.ts'

/**
 * Formats an integer as Falco prints a parameter of this format; `bits` is the width to which negative numbers are masked in
 * hex and octal.
 */
export function numberText(value: number | bigint, format: ParamFormat, bits: number): string {
  switch (format) {
    case 'hex':
      return unsigned(value, bits).toString(16).toUpperCase()
    case 'oct': {
      const text = unsigned(value, bits).toString(8)
      return text === '0' ? text : `0${text}`
    }
    case 'padded':
      return value < 0 ? `-${(-value).toString().padStart(8, '0')}` : value.toString().padStart(9, '0')
    default:
      return value.toString()
  }
}

function unsigned(value: number | bigint, bits: number): number | bigint {
  return value < 0 ? BigInt.asUintN(bits, BigInt(value)) : value
}

/** C's `%g`: six significant digits, no trailing zeros, an exponent when it is below -4 or above 5. */
export function generalText(value: number): string {
  if (value === 0) return '0'
  const scientific = value.toExponential(5)
  const at = scientific.indexOf('e')
  const exponent = Number(scientific.slice(at + 1))
  if (exponent < -4 || exponent >= 6) {
    const digits = Math.abs(exponent).toString().padStart(2, '0')
    return `${trimZeros(scientific.slice(0, at))}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  return trimZeros(value.toFixed(Math.max(0, 5 - exponent)))
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
