/* JSON without white space between its tokens, as the API server writes it, sixteen bytes at a time. */
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

typedef uint8_t byte;

#define EXPORT(name) __attribute__((export_name(#name)))

enum { WINDOW = 1 << 18, SPARE = 16 /* of a vector that begins at the last byte */ };

/* The next bytes of the input, up to a zero. */
static byte window[WINDOW + SPARE];

/* Deeper values are left to JSON.parse. */
enum { MAX_DEPTH = 100 };

static int is_digit(byte c) { return c >= '0' && c <= '9'; }

static int is_hex(byte c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* Each returns what follows the text that it reads, 0 if that is malformed or not compact. */

/* The rest of a string. With `plain`, an escape is an error, too. */
static inline const byte *string_end(const byte *p, int plain) {
  for (;;) {
    v128_t bytes = wasm_v128_load(p);
    v128_t special = wasm_v128_or(
      wasm_v128_or(wasm_i8x16_eq(bytes, wasm_i8x16_splat('"')), wasm_i8x16_eq(bytes, wasm_i8x16_splat('\\'))),
      wasm_u8x16_lt(bytes, wasm_u8x16_splat(0x20)));
    uint32_t bits = wasm_i8x16_bitmask(special);
    if (bits == 0) {
      p += 16;
      continue;
    }
    p += __builtin_ctz(bits);
    if (*p == '"') return p + 1;
    if (*p != '\\' || plain) return 0;
    switch (p[1]) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        p += 2;
        break;
      case 'u':
        for (int i = 2; i < 6; i++)
          if (!is_hex(p[i])) return 0;
        p += 6;
        break;
      default:
        return 0;
    }
  }
}

/* At least one digit. */
static const byte *digits_end(const byte *p) {
  if (!is_digit(*p)) return 0;
  while (is_digit(*p)) p++;
  return p;
}

static const byte *number_end(const byte *p) {
  if (*p == '-') p++;
  const byte *first = p;
  p = digits_end(p);
  if (p == 0 || (*first == '0' && p > first + 1)) return 0;
  if (*p == '.' && (p = digits_end(p + 1)) == 0) return 0;
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '+' || *p == '-') p++;
    p = digits_end(p);
  }
  return p;
}

static const byte *word_end(const byte *p, const char *word) {
  while (*word != 0)
    if (*p++ != (byte)*word++) return 0;
  return p;
}

static const byte *value_end(const byte *p, int depth);

static const byte *object_end(const byte *p, int depth) {
  if (depth > MAX_DEPTH) return 0;
  if (*p == '}') return p + 1;
  for (;;) {
    if (*p != '"') return 0;
    p = string_end(p + 1, 0);
    if (p == 0 || *p != ':') return 0;
    p = value_end(p + 1, depth);
    if (p == 0) return 0;
    byte c = *p++;
    if (c == '}') return p;
    if (c != ',') return 0;
  }
}

static const byte *array_end(const byte *p, int depth) {
  if (depth > MAX_DEPTH) return 0;
  if (*p == ']') return p + 1;
  for (;;) {
    p = value_end(p, depth);
    if (p == 0) return 0;
    byte c = *p++;
    if (c == ']') return p;
    if (c != ',') return 0;
  }
}

static const byte *value_end(const byte *p, int depth) {
  switch (*p) {
    case '"': return string_end(p + 1, 0);
    case '{': return object_end(p + 1, depth + 1);
    case '[': return array_end(p + 1, depth + 1);
    case 't': return word_end(p, "true");
    case 'f': return word_end(p, "false");
    case 'n': return word_end(p, "null");
    default: return number_end(p);
  }
}
