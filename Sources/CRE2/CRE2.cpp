#include "CRE2.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <re2/re2.h>

struct CRE2Pattern {
  RE2 re;
};

static void copy(const std::string &text, char *to, size_t capacity) {
  if (capacity == 0) return;
  size_t count = std::min(text.size(), capacity - 1);
  std::memcpy(to, text.data(), count);
  to[count] = 0;
}

static CRE2Pattern *compile(const char *text, size_t count, int program_limit, char *error,
                            size_t capacity, bool captures) {
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_never_capture(!captures);
  options.set_log_errors(false);
  auto *pattern = new CRE2Pattern{{re2::StringPiece(text, count), options}};
  if (!pattern->re.ok()) {
    copy(pattern->re.error(), error, capacity);
  } else if (pattern->re.ProgramSize() > program_limit) {
    copy("it is too complex", error, capacity);
  } else {
    return pattern;
  }
  delete pattern;
  return nullptr;
}

CRE2Pattern *cre2_compile(const char *text, size_t count, int program_limit, char *error,
                          size_t capacity) {
  return compile(text, count, program_limit, error, capacity, false);
}

CRE2Pattern *cre2_compile_capturing(const char *text, size_t count, int program_limit,
                                    char *error, size_t capacity) {
  return compile(text, count, program_limit, error, capacity, true);
}

int cre2_group_count(const CRE2Pattern *pattern) { return pattern->re.NumberOfCapturingGroups(); }

int cre2_group_named(const CRE2Pattern *pattern, const char *name) {
  const auto &groups = pattern->re.NamedCapturingGroups();
  auto found = groups.find(name);
  return found == groups.end() ? -1 : found->second;
}

static bool match(const CRE2Pattern *pattern, const void *bytes, size_t count, size_t from,
                  RE2::Anchor anchor, ptrdiff_t *starts, ptrdiff_t *ends, int groups) {
  const char *begin = count ? static_cast<const char *>(bytes) : "";
  re2::StringPiece text(begin, count);
  std::vector<re2::StringPiece> found(groups);
  if (!pattern->re.Match(text, from, count, anchor, found.data(), groups)) return false;
  for (int index = 0; index < groups; index++) {
    bool took_part = found[index].data() != nullptr;
    starts[index] = took_part ? found[index].data() - begin : -1;
    ends[index] = took_part ? starts[index] + static_cast<ptrdiff_t>(found[index].size()) : -1;
  }
  return true;
}

bool cre2_groups(const CRE2Pattern *pattern, const void *bytes, size_t count, ptrdiff_t *starts,
                 ptrdiff_t *ends, int groups) {
  return match(pattern, bytes, count, 0, RE2::ANCHOR_BOTH, starts, ends, groups);
}

bool cre2_search(const CRE2Pattern *pattern, const void *bytes, size_t count, size_t from,
                 ptrdiff_t *starts, ptrdiff_t *ends, int groups) {
  return match(pattern, bytes, count, from, RE2::UNANCHORED, starts, ends, groups);
}

void cre2_delete(CRE2Pattern *pattern) { delete pattern; }

bool cre2_matches(const CRE2Pattern *pattern, const void *bytes, size_t count) {
  re2::StringPiece text(static_cast<const char *>(bytes), count);
  return pattern->re.Match(text, 0, count, RE2::ANCHOR_BOTH, nullptr, 0);
}

bool cre2_range(const CRE2Pattern *pattern, size_t limit, char *lower, size_t *lower_count,
                char *upper, size_t *upper_count) {
  std::string least, most;
  if (!pattern->re.PossibleMatchRange(&least, &most, static_cast<int>(limit))) return false;
  // Nothing is longer than the limit but by what RE2 added to a prefix it knew before.
  if (least.size() > limit || most.size() > limit) return false;
  copy(least, lower, limit + 1);
  copy(most, upper, limit + 1);
  *lower_count = least.size();
  *upper_count = most.size();
  return true;
}
