/* The keys that are looked at, and of the event at hand those it has. */
#pragma once
#include "json.h"

enum {
  MAX_KEYS = 31, /* bits of `seen` */
  MAX_NAME = 32,
  KEY_SLOTS = 64,
  MAX_NOTES = 19,
};

/* The first notes: what every event that is passed over has to have, and then the values that make a combination. */
enum { KIND, AUDIT_ID, TIME, VALUES };

struct key {
  byte name[MAX_NAME];
  int length;
  int note;  /* number of its value; -1: it is not noted */
  int inner; /* the keys of the object that it leads to; 0: none are looked at */
};

/* Keys that are looked at in one object: by a digest their number from 1. The first one is an event. */
static byte slots_of[MAX_KEYS + 1][KEY_SLOTS];
static struct key keys[MAX_KEYS];
static int key_count, object_count = 1;
/* The key that a value is noted for. */
static int key_of[MAX_NOTES], note_count;

/* Of the event at hand: the keys it has, and where the values are. */
static uint32_t seen;
static const byte *starts[MAX_NOTES], *ends[MAX_NOTES];

static int digest(const byte *name, int length) {
  return (length * 37 ^ name[0] * 5 ^ name[length - 1] * 3) & (KEY_SLOTS - 1);
}

static int same(const byte *a, const byte *b, int length) {
  for (; length > 16; a += 16, b += 16, length -= 16)
    if (!wasm_i8x16_all_true(wasm_i8x16_eq(wasm_v128_load(a), wasm_v128_load(b)))) return 0;
  uint32_t equal = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(a), wasm_v128_load(b)));
  return (~equal & ((1u << length) - 1)) == 0;
}

static struct key *find_key(int object, const byte *name, int length) {
  if (length == 0 || length > MAX_NAME) return 0;
  const byte *slots = slots_of[object];
  int slot = digest(name, length);
  for (int number; (number = slots[slot]) != 0; slot = (slot + 1) & (KEY_SLOTS - 1)) {
    struct key *key = &keys[number - 1];
    if (key->length == length && same(key->name, name, length)) return key;
  }
  return 0;
}

/* The key of an object whose name is in the window. */
static struct key *key_named(int object, int length) {
  struct key *key = find_key(object, window, length);
  if (key != 0) return key;
  if (key_count == MAX_KEYS || length == 0 || length > MAX_NAME) __builtin_trap();
  key = &keys[key_count++];
  for (int i = 0; i < length; i++) key->name[i] = window[i];
  key->length = length;
  key->note = -1;
  int slot = digest(window, length);
  while (slots_of[object][slot] != 0) slot = (slot + 1) & (KEY_SLOTS - 1);
  slots_of[object][slot] = key_count;
  return key;
}

/* Returns the object that a key of another one leads to; that of the event is 0. */
EXPORT(enter) int enter(int object, int length) {
  struct key *key = key_named(object, length);
  if (key->inner == 0) key->inner = object_count++;
  return key->inner;
}

/* Has the values of a key noted, under the next number. */
EXPORT(note) void note(int object, int length) {
  if (note_count == MAX_NOTES) __builtin_trap();
  struct key *key = key_named(object, length);
  key->note = note_count;
  key_of[note_count++] = key - keys;
}

static int has(int note) { return seen >> key_of[note] & 1; }
