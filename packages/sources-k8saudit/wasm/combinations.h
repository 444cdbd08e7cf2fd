/* Combinations of values that were met, and what the rules make of them. */
#pragma once
#include "keys.h"

enum {
  MAX_VALUE = 254,
  MAX_COMBINATION = (MAX_NOTES - VALUES) * (MAX_VALUE + 1),
  COMBINATIONS = 1 << 15,
  SLOTS = 2 * COMBINATIONS,
  /* Whoever makes combinations collide has the table cleared. */
  MAX_PROBES = 16,
  STORE = 1 << 22,
};

/* What the rules make of a combination. */
enum { NOT_ASKED, MAY_MATCH, CANNOT_MATCH };

/* One behind the other, each from a multiple of 16 and filled up with zeros. */
struct combination {
  uint16_t length;
  byte verdict;
  byte unused[13];
  byte bytes[];
};
static _Alignas(16) byte store[STORE];
static uint32_t used, combination_count;
/* By hash: where in the store, and 1. */
static uint32_t slots[SLOTS];
static struct combination *unknown;
/* Random, so that nobody can know which values collide. */
static uint32_t seed;

EXPORT(start) void start(uint32_t random) { seed = random; }

static void forget(void) {
  __builtin_memset(slots, 0, sizeof slots);
  used = combination_count = 0;
  unknown = 0;
}

/* Writes the values one behind the other, each after its length. Returns the length of all; -1: one is too long. */
static int combine(byte *to) {
  byte *p = to;
  for (int note = VALUES; note < note_count; note++) {
    if (!has(note)) {
      *p++ = 0;
      continue;
    }
    const byte *from = starts[note];
    int length = ends[note] - from;
    if (length > MAX_VALUE) return -1;
    *p++ = length + 1;
    for (int i = 0; i < length; i += 16) wasm_v128_store(p + i, wasm_v128_load(from + i));
    p += length;
  }
  wasm_v128_store(p, wasm_i8x16_splat(0));
  return p - to;
}

static uint32_t hash(const byte *p, int length) {
  uint64_t h = seed ^ (uint64_t)length << 32;
  for (int i = 0; i < length; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, p + i, 8);
    h = (h ^ word) * 0x9e3779b97f4a7c15;
    h ^= h >> 32;
  }
  return h * 0x9e3779b97f4a7c15 >> 40;
}

/* The combination of the event at hand, a new one if it was not met; 0: it is not kept. */
static struct combination *combination(void) {
  static byte bytes[MAX_COMBINATION + SPARE];
  int length = combine(bytes);
  if (length < 0) return 0;
  uint32_t slot = hash(bytes, length);
  for (int probe = 0; probe < MAX_PROBES; probe++, slot++) {
    uint32_t place = slots[slot &= SLOTS - 1];
    if (place == 0) {
      uint32_t size = sizeof(struct combination) + (length + 15) / 16 * 16;
      if (combination_count == COMBINATIONS || used + size > STORE - SPARE) break;
      struct combination *new = (struct combination *)(store + used);
      new->length = length;
      new->verdict = NOT_ASKED;
      for (int i = 0; i < length; i += 16) wasm_v128_store(new->bytes + i, wasm_v128_load(bytes + i));
      slots[slot] = used + 1;
      used += size;
      combination_count++;
      return new;
    }
    struct combination *known = (struct combination *)(store + place - 1);
    if (known->length == length && same(known->bytes, bytes, length)) return known;
  }
  forget();
  return 0;
}
