// RE2 for C: regular expressions that match in time linear in the text.
#ifndef CRE2_H
#define CRE2_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CRE2Pattern CRE2Pattern;

// Compiles a pattern as Prometheus reads it: RE2's syntax, a dot matches line ends too. NULL with
// the reason in `error` (ended by a zero byte, cut to `capacity`) where it is no pattern or its
// program has more than `program_limit` instructions.
CRE2Pattern *cre2_compile(const char *text, size_t count, int program_limit, char *error,
                          size_t capacity);

// The same for a pattern whose groups are asked for.
CRE2Pattern *cre2_compile_capturing(const char *text, size_t count, int program_limit,
                                    char *error, size_t capacity);

void cre2_delete(CRE2Pattern *pattern);

// How many groups a capturing pattern has, the whole match not counted.
int cre2_group_count(const CRE2Pattern *pattern);

// The number of the group called `name` (ended by a zero byte), or -1.
int cre2_group_named(const CRE2Pattern *pattern, const char *name);

// Whether the pattern matches all of the bytes, and where the first `groups` groups lie in them,
// the whole match first; -1 where a group took no part.
bool cre2_groups(const CRE2Pattern *pattern, const void *bytes, size_t count, ptrdiff_t *starts,
                 ptrdiff_t *ends, int groups);

// The same for the first match that begins at `from` or later, anywhere in the bytes.
bool cre2_search(const CRE2Pattern *pattern, const void *bytes, size_t count, size_t from,
                 ptrdiff_t *starts, ptrdiff_t *ends, int groups);

// Whether the pattern matches all of the bytes. Any number of threads may ask at once.
bool cre2_matches(const CRE2Pattern *pattern, const void *bytes, size_t count);

// Two strings, of at most `limit` bytes and a zero byte each, that every match lies between, in
// order of bytes and both included; false where there are none.
bool cre2_range(const CRE2Pattern *pattern, size_t limit, char *lower, size_t *lower_count,
                char *upper, size_t *upper_count);

#ifdef __cplusplus
}
#endif

#endif
