// A disk that writes down what a program asks of it, and that fails when told to.
//
// Loaded in front of libc (LD_PRELOAD). It concerns itself with files under DISK_ROOT only.
//   DISK_LOG      each operation is appended to this file, in the order in which it took place
//   DISK_CONTROL  a file of 64 bytes; its first byte says what fails, see `enum fault`
//
// A record: 56 bytes of `struct record`, then two paths and the data, unpadded. One lock is held
// during each operation, so that the log is one sequence and each operation ended before the next
// began. Tables of LMDB's readers (names ending in -lock) are no data and are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum operation {
  OPEN = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, LINK, MKDIR, CLOSE
};

enum fault {
  FAULT_NONE,
  FAULT_FULL,        // ENOSPC where a file grows or is made
  FAULT_WRITE,       // EIO on every write
  FAULT_SYNC,        // EIO on every sync; O_DSYNC writes arrive and fail
  FAULT_READ_ONLY,   // EROFS on every change
  FAULT_META,        // O_DSYNC writes arrive and fail, and no later write does until the end
  FAULT_CATALOG      // the same, of the file catalog.mdb only
};

struct record {
  uint32_t magic, operation;
  uint64_t began, ended;  // CLOCK_MONOTONIC, ns
  int32_t descriptor;
  uint32_t flags;         // OPEN: 1 made, 2 truncated. WRITE: 1 durable when it returns
  uint64_t offset;        // TRUNCATE: the new size
  uint32_t first_path, second_path;  // bytes
  uint64_t length;        // bytes of data
};

#define DESCRIPTORS 65536
static struct { char *path; int durable; int folder; } files[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static volatile unsigned char *control;
static int meta_failed;

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int64_t raw_open(const char *path, int flags, mode_t mode) {
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((constructor)) static void begin(void) {
  const char *wanted = getenv("DISK_ROOT");
  if (!wanted || !realpath(wanted, root)) return;
  root_length = strlen(root);
  const char *path = getenv("DISK_LOG");
  if (path) log_file = raw_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  path = getenv("DISK_CONTROL");
  if (path) {
    int file = raw_open(path, O_RDWR | O_CLOEXEC, 0644);
    void *memory = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) control = memory;
    syscall(SYS_close, file);
  }
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

// The absolute path, if it is ours; of one that need not exist yet.
static char *ours(int folder, const char *path, char *into) {
  if (!root_length || !path) return NULL;
  if (path[0] == '/') {
    snprintf(into, PATH_MAX, "%s", path);
  } else {
    char base[PATH_MAX], link[64];
    if (folder == AT_FDCWD) {
      if (!getcwd(base, sizeof base)) return NULL;
    } else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
      ssize_t length = readlink(link, base, sizeof base - 1);
      if (length < 0) return NULL;
      base[length] = 0;
    }
    snprintf(into, PATH_MAX, "%.2000s/%.2000s", base, path);
  }
  size_t length = strlen(into);
  while (length > 1 && into[length - 1] == '/') into[--length] = 0;
  if (strncmp(into, root, root_length)) return NULL;
  if (into[root_length] && into[root_length] != '/') return NULL;
  if (length > 5 && !strcmp(into + length - 5, "-lock")) return NULL;
  return into;
}

static int is_ours(int file) { return file >= 0 && file < DESCRIPTORS && files[file].path; }

static void put(const void *bytes, size_t length) {
  const char *rest = bytes;
  while (length > 0) {
    long written = syscall(SYS_write, log_file, rest, length);
    if (written <= 0) return;
    rest += written;
    length -= written;
  }
}

static void note(
    uint32_t operation, uint64_t began, int file, uint32_t flags, uint64_t offset,
    const char *first, const char *second, const void *data, uint64_t length) {
  if (log_file < 0) return;
  struct record record = {
      0xD15C0001u, operation, began, now(), file, flags, offset,
      first ? strlen(first) : 0, second ? strlen(second) : 0, length};
  put(&record, sizeof record);
  if (first) put(first, record.first_path);
  if (second) put(second, record.second_path);
  if (data) put(data, length);
}

static int fault(void) {
  int kind = control ? control[0] : FAULT_NONE;
  if (kind != FAULT_META && kind != FAULT_CATALOG) meta_failed = 0;
  return kind;
}

static int is_catalog(int file) {
  const char *name = strrchr(files[file].path, '/');
  return name && !strcmp(name, "/catalog.mdb");
}

static off_t size_of(int file) {
  struct stat status;
  return fstat(file, &status) ? 0 : status.st_size;
}

// The error that a write must end with, or 0. Where `arrives` the bytes are written all the same.
static int write_fault(int file, uint64_t end, int *arrives) {
  *arrives = 0;
  switch (fault()) {
  case FAULT_FULL: return end > (uint64_t)size_of(file) ? ENOSPC : 0;
  case FAULT_WRITE: return EIO;
  case FAULT_READ_ONLY: return EROFS;
  case FAULT_SYNC:
    *arrives = 1;
    return files[file].durable ? EIO : 0;
  case FAULT_CATALOG:
    if (!is_catalog(file)) return 0;
    // fallthrough
  case FAULT_META:
    if (meta_failed) return EIO;
    if (!files[file].durable) return 0;
    meta_failed = 1;
    *arrives = 1;
    return EIO;
  default: return 0;
  }
}

static int change_fault(int grows) {
  switch (fault()) {
  case FAULT_FULL: return grows ? ENOSPC : 0;
  case FAULT_READ_ONLY: return EROFS;
  default: return 0;
  }
}

// The second byte of the control counts writes down to the moment when the fault of the third
// begins.
static void count_down(void) {
  if (!control || !control[1]) return;
  if (--control[1] == 0) control[0] = control[2];
}

// MARK: - Opening

static int do_open(int folder, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  char *known = ours(folder, path, full);
  if (!known) return syscall(SYS_openat, folder, path, flags, mode);
  pthread_mutex_lock(&lock);
  uint64_t began = now();
  struct stat status;
  int existed = !stat(known, &status);
  int result = -1;
  int error = 0;
  int changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
  if (changes && fault() == FAULT_READ_ONLY) error = EROFS;
  if (!existed && flags & O_CREAT) error = error ? error : change_fault(1);
  if (!error) {
    result = syscall(SYS_openat, folder, path, flags, mode);
    if (result < 0) error = errno;
  }
  if (result >= 0 && result < DESCRIPTORS) {
    free(files[result].path);
    files[result].path = strdup(known);
    files[result].durable = (flags & (O_DSYNC | O_SYNC)) != 0;
    files[result].folder = !fstat(result, &status) && S_ISDIR(status.st_mode);
    uint32_t how = (!existed && flags & O_CREAT ? 1 : 0) | (existed && flags & O_TRUNC ? 2 : 0);
    if (!files[result].folder) note(OPEN, began, result, how, 0, known, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  }

int open(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return do_open(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return do_open(folder, path, flags, mode); }
int creat(const char *path, mode_t mode) { return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int file) {
  if (!is_ours(file)) return syscall(SYS_close, file);
  pthread_mutex_lock(&lock);
  free(files[file].path);
  files[file].path = NULL;
  if (!files[file].folder) note(CLOSE, now(), file, 0, 0, NULL, NULL, NULL, 0);
  int result = syscall(SYS_close, file);
  pthread_mutex_unlock(&lock);
  return result;
}

static int did_duplicate(int file, int result) {
  if (result < 0 || result >= DESCRIPTORS || !is_ours(file)) return result;
  pthread_mutex_lock(&lock);
  files[result] = files[file];
  files[result].path = strdup(files[file].path);
  if (!files[file].folder) note(OPEN, now(), result, 0, 0, files[file].path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int dup(int file) { return did_duplicate(file, syscall(SYS_dup, file)); }

// MARK: - Writing

static ssize_t do_write(int file, const struct iovec *pieces, int count, off_t offset) {
  pthread_mutex_lock(&lock);
  count_down();
  uint64_t began = now();
  int is_sequential = offset < 0;
  off_t start = is_sequential ? lseek(file, 0, SEEK_CUR) : offset;
  if (is_sequential && fcntl(file, F_GETFL) & O_APPEND) start = size_of(file);
  uint64_t length = 0;
  for (int index = 0; index < count; index++) length += pieces[index].iov_len;
  int arrives;
  int error = write_fault(file, start + length, &arrives);
  ssize_t result = -1;
  if (!error || arrives) {
    result = is_sequential ? syscall(SYS_writev, file, pieces, count)
                           : syscall(SYS_pwritev, file, pieces, count, (long)start, 0L);
    if (result < 0 && !error) error = errno;
  }
  if (result > 0 && log_file >= 0) {
    char *data = malloc(result);
    size_t filled = 0;
    for (int index = 0; index < count && filled < (size_t)result; index++) {
      size_t part = pieces[index].iov_len;
      if (part > (size_t)result - filled) part = result - filled;
      memcpy(data + filled, pieces[index].iov_base, part);
      filled += part;
    }
    note(WRITE, began, file, !error && files[file].durable, start, NULL, NULL, data, result);
    free(data);
  }
  pthread_mutex_unlock(&lock);
  if (error) {
    errno = error;
    return -1;
  }
  return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  if (!is_ours(file)) return syscall(SYS_pwrite64, file, bytes, count, offset);
  struct iovec piece = {(void *)bytes, count};
  return do_write(file, &piece, 1, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  return pwrite(file, bytes, count, offset);
}
ssize_t write(int file, const void *bytes, size_t count) {
  if (!is_ours(file)) return syscall(SYS_write, file, bytes, count);
  struct iovec piece = {(void *)bytes, count};
  return do_write(file, &piece, 1, -1);
}
ssize_t writev(int file, const struct iovec *pieces, int count) {
  if (!is_ours(file)) return syscall(SYS_writev, file, pieces, count);
  return do_write(file, pieces, count, -1);
}
ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t offset) {
  if (!is_ours(file)) return syscall(SYS_pwritev, file, pieces, count, (long)offset, 0L);
  return do_write(file, pieces, count, offset);
}
ssize_t pwritev64(int file, const struct iovec *pieces, int count, off_t offset) {
  return pwritev(file, pieces, count, offset);
}

// Copies between files as reads and writes, which are seen.
static ssize_t copy(int target, int source, off_t *offset, size_t count) {
  static char buffer[1 << 20];
  static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&copying);
  size_t part = count < sizeof buffer ? count : sizeof buffer;
  ssize_t got = offset ? syscall(SYS_pread64, source, buffer, part, *offset)
                       : syscall(SYS_read, source, buffer, part);
  if (got > 0) got = write(target, buffer, got);
  if (got > 0 && offset) *offset += got;
  pthread_mutex_unlock(&copying);
  return got;
}
ssize_t sendfile(int target, int source, off_t *offset, size_t count) {
  if (!is_ours(target)) return syscall(SYS_sendfile, target, source, offset, count);
  return copy(target, source, offset, count);
}
ssize_t sendfile64(int target, int source, off64_t *offset, size_t count) {
  return sendfile(target, source, offset, count);
}
ssize_t copy_file_range(
    int source, off64_t *from, int target, off64_t *to, size_t count, unsigned flags) {
  if (!is_ours(target)) {
    return syscall(SYS_copy_file_range, source, from, target, to, count, flags);
  }
  errno = ENOSYS;
  return -1;
}

int ftruncate(int file, off_t size) {
  if (!is_ours(file)) return syscall(SYS_ftruncate, file, size);
  pthread_mutex_lock(&lock);
  uint64_t began = now();
  int error = change_fault(size > size_of(file));
  int result = -1;
  if (!error) {
    result = syscall(SYS_ftruncate, file, size);
    if (result) error = errno;
  }
  if (!result) note(TRUNCATE, began, file, 0, size, NULL, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int ftruncate64(int file, off_t size) { return ftruncate(file, size); }

int posix_fallocate(int file, off_t offset, off_t length) {
  // Tables of readers only, which are not ours but take room all the same.
  struct stat status;
  if (root_length && !fstat(file, &status) && offset + length > status.st_size) {
    int error = change_fault(1);
    if (error) return error;
  }
  return syscall(SYS_fallocate, file, 0, offset, length) ? errno : 0;
}
int posix_fallocate64(int file, off_t offset, off_t length) {
  return posix_fallocate(file, offset, length);
}

// MARK: - Syncing

static int do_sync(int file, long number) {
  if (!is_ours(file)) return syscall(number, file);
  pthread_mutex_lock(&lock);
  uint64_t began = now();
  int kind = fault();
  int result = -1;
  int error = kind == FAULT_SYNC || (kind == FAULT_META && meta_failed) ||
                      (kind == FAULT_CATALOG && meta_failed && is_catalog(file))
                  ? EIO
                  : 0;
  if (!error) {
    result = syscall(number, file);
    if (result) error = errno;
  }
  if (!result) {
    if (files[file].folder) {
      note(SYNC_FOLDER, began, file, 0, 0, files[file].path, NULL, NULL, 0);
    } else {
      note(SYNC, began, file, 0, 0, NULL, NULL, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int fsync(int file) { return do_sync(file, SYS_fsync); }
int fdatasync(int file) { return do_sync(file, SYS_fdatasync); }

// MARK: - Names

static int did_change(
    uint32_t operation, const char *first, const char *second, int grows, long number, long a,
    long b, long c, long d, long e) {
  pthread_mutex_lock(&lock);
  uint64_t began = now();
  int error = change_fault(grows);
  int result = -1;
  if (!error) {
    result = syscall(number, a, b, c, d, e);
    if (result) error = errno;
  }
  if (!result) note(operation, began, -1, 0, 0, first, second, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int rename(const char *old, const char *new) {
  char first[PATH_MAX], second[PATH_MAX];
  char *a = ours(AT_FDCWD, old, first), *b = ours(AT_FDCWD, new, second);
  if (!a && !b) return syscall(SYS_renameat, AT_FDCWD, old, AT_FDCWD, new);
  return did_change(
      RENAME, a, b, 0, SYS_renameat, AT_FDCWD, (long)old, AT_FDCWD, (long)new, 0);
}
int link(const char *old, const char *new) {
  char first[PATH_MAX], second[PATH_MAX];
  char *a = ours(AT_FDCWD, old, first), *b = ours(AT_FDCWD, new, second);
  if (!a && !b) return syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
  return did_change(LINK, a, b, 1, SYS_linkat, AT_FDCWD, (long)old, AT_FDCWD, (long)new, 0);
}
int unlink(const char *path) {
  char full[PATH_MAX];
  char *known = ours(AT_FDCWD, path, full);
  if (!known) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  return did_change(UNLINK, known, NULL, 0, SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);
}
int mkdir(const char *path, mode_t mode) {
  char full[PATH_MAX];
  char *known = ours(AT_FDCWD, path, full);
  if (!known) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  return did_change(MKDIR, known, NULL, 1, SYS_mkdirat, AT_FDCWD, (long)path, mode, 0, 0);
}
