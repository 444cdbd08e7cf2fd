/*
 * Audit events read as bytes, sixteen at a time, without making anything of them: where an event ends, whether it is compact JSON, and
 * which combination of values it has. Compiled to WebAssembly by scripts/scan-module.ts, called by src/sieve/scan.ts.
 */
#include "combinations.h"

/* What run() found where it stopped: nothing more, an event to be parsed, one with an unknown combination. */
enum { END, WANTED, UNKNOWN };

/* What is said beside run()'s return value. */
static struct {
  int32_t found;
  int32_t passed;              /* events that were passed over */
  int32_t event_at, event_end; /* of the event at hand; the end is 0 if it was not read to its end */
} result;

/* A value that is noted: 0 if it is an object, a list or has an escape. */
static const byte *noted_end(const byte *p, int note) {
  if (*p == '{' || *p == '[') return 0;
  starts[note] = p;
  return ends[note] = *p == '"' ? string_end(p + 1, 1) : value_end(p, 0);
}

/* An object some of whose keys are looked at. */
static const byte *known_end(const byte *p, int object) {
  if (*p == '}') return p + 1;
  for (;;) {
    if (*p != '"') return 0;
    const byte *name = p + 1;
    /* A key with an escape may be any of those that are looked at. */
    p = string_end(name, 1);
    if (p == 0 || *p != ':') return 0;
    struct key *key = find_key(object, name, p - 1 - name);
    p++;
    if (key == 0) p = value_end(p, 0);
    else {
      uint32_t bit = 1u << (key - keys);
      /* Of two values, JSON.parse takes the last. */
      if (seen & bit) return 0;
      seen |= bit;
      if (key->note >= 0) p = noted_end(p, key->note);
      else p = *p == '{' ? known_end(p + 1, key->inner) : value_end(p, 0);
    }
    if (p == 0) return 0;
    byte c = *p++;
    if (c == '}') return p;
    if (c != ',') return 0;
  }
}

/* Where the JSON value at this place of the window ends; 0: it is malformed, not compact, or goes on behind the window. */
EXPORT(end_of) int end_of(int at) {
  const byte *p = value_end(window + at, 0);
  return p == 0 ? 0 : p - window;
}

/* Whether this is the number of two digits `least` to `most`. */
static int is_between(const byte *p, int least, int most) {
  int number = (p[0] - '0') * 10 + (p[1] - '0');
  return is_digit(p[0]) && is_digit(p[1]) && number >= least && number <= most;
}

/* A time of the years 2000 to 2099 in UTC, as the API server writes it: "2026-03-17T09:41:02.500000Z". */
static int is_ordinary_time(const byte *p, const byte *end) {
  static const byte days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (end - p < 22 || p[1] != '2' || p[2] != '0' || p[5] != '-' || p[8] != '-' || p[11] != 'T') return 0;
  if (!is_between(p + 3, 0, 99) || !is_between(p + 6, 1, 12)) return 0;
  int is_leap = ((p[3] - '0') * 10 + (p[4] - '0')) % 4 == 0;
  int month = (p[6] - '0') * 10 + (p[7] - '0');
  if (!is_between(p + 9, 1, month == 2 && is_leap ? 29 : days[month - 1])) return 0;
  if (!is_between(p + 12, 0, 23) || p[14] != ':' || !is_between(p + 15, 0, 59) || p[17] != ':') return 0;
  if (!is_between(p + 18, 0, 59)) return 0;
  p += 20;
  if (*p == '.' && (p = digits_end(p + 1)) == 0) return 0;
  return *p == 'Z' && p + 2 == end;
}

/* Returns where the event at `p` ends; 0: it is not passed over. */
static const byte *passed_end(const byte *p, int in_list) {
  result.found = WANTED;
  result.event_at = p - window;
  result.event_end = 0;
  if (*p != '{') return 0;
  seen = 0;
  const byte *end = known_end(p + 1, 0);
  if (end == 0) return 0;
  result.event_end = end - window;
  if ( !has(AUDIT_ID) || !has(TIME) || !is_ordinary_time(starts[TIME], ends[TIME])) return 0;
  /* An item of a list needs no kind. */
  if (!in_list && (*end != '\n' || !has(KIND) || word_end(starts[KIND], "\"Event\"") != ends[KIND])) return 0;
  struct combination *found = combination();
  if (found == 0 || found->verdict == MAY_MATCH) return 0;
  if (found->verdict == NOT_ASKED) {
    unknown = found;
    result.found = UNKNOWN;
    return 0;
  }
  result.found = END;
  return end;
}

/* Passes over the events from `at`, each on a line of its own or items of a list. Returns where the last line, or item, ends. */
EXPORT(run) int run(int at, int to, int in_list) {
  const byte *done = window + at, *next = done;
  result.found = END;
  result.passed = 0;
  while (next < window + to) {
    const byte *end = passed_end(next, in_list);
    if (end == 0) break;
    result.passed++;
    next = end + 1;
    done = in_list ? end : next;
    if (in_list && *end != ',') break;
  }
  return done - window;
}

/* What the rules make of the combination that was unknown. */
EXPORT(learn) void learn(int may_match) {
  if (unknown != 0) unknown->verdict = may_match ? MAY_MATCH : CANNOT_MATCH;
}

EXPORT(window_at) byte *window_at(void) { return window; }
EXPORT(window_size) int window_size(void) { return WINDOW; }
EXPORT(result_at) int32_t *result_at(void) { return &result.found; }
