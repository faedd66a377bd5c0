/* The recorder: what a process does to the files of one directory, in order, into one record file.
 *
 * Preloaded in front of the C library (LD_PRELOAD), it lets every call through to the real function and then appends
 * one entry to the record. It judges nothing and knows nothing of databases; replay.py gives the entries a meaning,
 * recorder.py (the other side of this format) starts the process and proves the record complete.
 *
 * Order. A change is recorded after it was made and before the call returns; a sync is recorded twice, before it starts
 * and after it succeeded, so that only what was recorded before its start counts as durable at its end. Entries are
 * appended with one writev on an O_APPEND descriptor, which Linux makes atomic on a regular file: the record of several
 * threads and processes keeps every order that one of them could have observed. It does not order two overlapping
 * writes that nothing else orders; SQLite's locks never allow those.
 *
 * Environment: POWERLOSS_DIR (real path of the directory; entries are for files directly in it, except *-shm, which
 * SQLite rebuilds after a crash), POWERLOSS_RECORD, POWERLOSS_MARKS (a regular file: what is written to it is recorded
 * as acknowledgements), POWERLOSS_LIMIT (size_bytes of the record at which the process is stopped).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "offsets are recorded as 64 bits");

/* The numbers are shared with recorder.py (class Kind). */
enum kind { CREATE = 2, WRITE = 3, TRUNCATE = 4, SYNC_BEGIN = 5, SYNC_END = 6, UNLINK = 7, RENAME = 8, MARK = 9 };
enum place { ELSEWHERE, A_FILE, THE_DIRECTORY, THE_MARKS };

struct entry {
    uint32_t kind;
    uint32_t length; /* of the bytes that follow: data, a name, or two names with a NUL between */
    uint64_t inode;
    uint64_t at; /* WRITE: offset; TRUNCATE: size; SYNC_*: token of the pair; otherwise 0 */
};

#define EXIT_RECORDER 97 /* the exit status of a process whose record cannot be trusted */
#define RECORD_FD_MIN 700 /* out of the way of programs that close "all" low descriptors */
#define REAL(name)                                                                                                     \
    static __typeof__(name) *real;                                                                                     \
    if (!real)                                                                                                         \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int record_fd = -1;
static off_t limit;
static char directory[PATH_MAX];
static char marks[PATH_MAX];
static atomic_uint syncs;

static void give_up(const char *why) {
    dprintf(2, "powerloss recorder: %s (errno %d)\n", why, errno);
    _exit(EXIT_RECORDER);
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value || !*value || strlen(value) >= PATH_MAX)
        give_up(name);
    return value;
}

__attribute__((constructor)) static void start(void) {
    strcpy(directory, setting("POWERLOSS_DIR"));
    strcpy(marks, setting("POWERLOSS_MARKS"));
    limit = atoll(setting("POWERLOSS_LIMIT"));
    int low = open(setting("POWERLOSS_RECORD"), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (low < 0)
        give_up("cannot open the record");
    int high = fcntl(low, F_DUPFD_CLOEXEC, RECORD_FD_MIN);
    close(low);
    if (high < 0)
        give_up("no descriptor for the record");
    record_fd = high;
}

static void append(enum kind kind, uint64_t inode, uint64_t at, const void *data, size_t length) {
    struct entry head = {kind, (uint32_t)length, inode, at};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
    int saved = errno;
    if (length > UINT32_MAX)
        give_up("one write is too long for the record");
    if (writev(record_fd, parts, 2) != (ssize_t)(sizeof head + length))
        give_up("cannot append to the record");
    if (lseek(record_fd, 0, SEEK_CUR) > limit)
        give_up("the record is larger than POWERLOSS_LIMIT");
    errno = saved;
}

static int ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* The name inside the directory of a path without symlinks, NULL when it lies elsewhere or is a WAL index. */
static const char *name_inside(const char *path) {
    size_t n = strlen(directory);
    if (strncmp(path, directory, n) != 0 || path[n] != '/' || ends_with(path, "-shm"))
        return NULL;
    return path + n + 1;
}

/* The path behind a descriptor as the kernel knows it: right after dup, fork and descriptor passing too. */
static int path_of(int fd, char *path) {
    static const char gone[] = " (deleted)";
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0)
        return -1;
    path[n] = 0;
    if (ends_with(path, gone))
        path[n - (ssize_t)strlen(gone)] = 0;
    return 0;
}

static enum place place_of(int fd, uint64_t *inode, char *path) {
    struct stat st;
    int saved = errno;
    enum place place = ELSEWHERE;
    if (record_fd >= 0 && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && path_of(fd, path) == 0) {
        *inode = st.st_ino;
        if (strcmp(path, directory) == 0)
            place = THE_DIRECTORY;
        else if (strcmp(path, marks) == 0)
            place = THE_MARKS;
        else if (S_ISREG(st.st_mode) && name_inside(path))
            place = A_FILE;
    }
    errno = saved;
    return place;
}

/* ---- open: only a creation and a truncation change anything */

static int is_there(int at, const char *path, int flags) {
    struct stat st;
    int saved = errno;
    int there = !(flags & O_CREAT) || fstatat(at, path, &st, 0) == 0;
    errno = saved;
    return there;
}

static int opened(int fd, int flags, int was_there) {
    char path[PATH_MAX];
    uint64_t inode;
    if (fd < 0 || !(flags & (O_CREAT | O_TRUNC)) || place_of(fd, &inode, path) != A_FILE)
        return fd;
    const char *name = name_inside(path);
    if (!was_there)
        append(CREATE, inode, 0, name, strlen(name));
    else if (flags & O_TRUNC)
        append(TRUNCATE, inode, 0, NULL, 0);
    return fd;
}

#define TAKE_MODE(mode, flags)                                                                                         \
    mode_t mode = 0;                                                                                                   \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                                                   \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

#define DEFINE_OPEN(name)                                                                                              \
    int name(const char *path, int flags, ...) {                                                                       \
        REAL(name);                                                                                                    \
        TAKE_MODE(mode, flags)                                                                                         \
        int was_there = is_there(AT_FDCWD, path, flags);                                                               \
        return opened(real(path, flags, mode), flags, was_there);                                                      \
    }

#define DEFINE_OPENAT(name)                                                                                            \
    int name(int at, const char *path, int flags, ...) {                                                               \
        REAL(name);                                                                                                    \
        TAKE_MODE(mode, flags)                                                                                         \
        int was_there = is_there(at, path, flags);                                                                     \
        return opened(real(at, path, flags, mode), flags, was_there);                                                  \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* ---- content */

static ssize_t written(int fd, const void *data, ssize_t done, off_t offset) {
    char path[PATH_MAX];
    uint64_t inode;
    if (done <= 0)
        return done;
    enum place place = place_of(fd, &inode, path);
    if (place == THE_MARKS)
        append(MARK, 0, 0, data, (size_t)done);
    else if (place == A_FILE)
        append(WRITE, inode, (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - done), data, (size_t)done);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    REAL(write);
    return written(fd, data, real(fd, data, length), -1);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    REAL(pwrite);
    return written(fd, data, real(fd, data, length, offset), offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    REAL(pwrite64);
    return written(fd, data, real(fd, data, length, offset), offset);
}

static int truncated(int fd, int result, off_t size) {
    char path[PATH_MAX];
    uint64_t inode;
    if (result == 0 && place_of(fd, &inode, path) == A_FILE)
        append(TRUNCATE, inode, (uint64_t)size, NULL, 0);
    return result;
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return truncated(fd, real(fd, size), size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return truncated(fd, real(fd, size), size);
}

/* ---- sync */

static int synced(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    uint64_t inode;
    enum place place = place_of(fd, &inode, path);
    if (place != A_FILE && place != THE_DIRECTORY)
        return real(fd);
    uint64_t token = (uint64_t)getpid() << 32 | atomic_fetch_add(&syncs, 1);
    append(SYNC_BEGIN, inode, token, NULL, 0);
    int result = real(fd);
    if (result == 0)
        append(SYNC_END, inode, token, NULL, 0);
    return result;
}

int fsync(int fd) {
    REAL(fsync);
    return synced(fd, real);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return synced(fd, real);
}

/* ---- names */

/* Room for a real path, a slash and a last part. */
typedef char long_path[2 * PATH_MAX + 2];

/* The path with the symlinks of its directory resolved and its last part as it stands. */
static int resolve(int at, const char *path, long_path out) {
    char parent[PATH_MAX], base[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (strlen(path) >= PATH_MAX)
        return -1;
    if (path[0] == '/' || at == AT_FDCWD)
        snprintf(parent, sizeof parent, "%.*s", slash ? (int)n : 1, slash ? path : ".");
    else if (path_of(at, base) != 0 || snprintf(parent, sizeof parent, "%s/%.*s", base, (int)n, path) >= PATH_MAX)
        return -1;
    if (!realpath(parent, base))
        return -1;
    return snprintf(out, sizeof(long_path), "%s/%s", base, path + n) < (int)sizeof(long_path) ? 0 : -1;
}

static const char *name_at(int at, const char *path, long_path buffer) {
    int saved = errno;
    const char *name = record_fd >= 0 && resolve(at, path, buffer) == 0 ? name_inside(buffer) : NULL;
    errno = saved;
    return name;
}

static int unlinked(int result, const char *name) {
    if (result == 0 && name)
        append(UNLINK, 0, 0, name, strlen(name));
    return result;
}

int unlink(const char *path) {
    REAL(unlink);
    long_path buffer;
    const char *name = name_at(AT_FDCWD, path, buffer);
    return unlinked(real(path), name);
}

int unlinkat(int at, const char *path, int flags) {
    REAL(unlinkat);
    long_path buffer;
    const char *name = name_at(at, path, buffer);
    return unlinked(real(at, path, flags), name);
}

static int renamed(int result, const char *old, const char *new) {
    char both[2 * PATH_MAX];
    if (result != 0 || (!old && !new))
        return result;
    if (!old || !new)
        give_up("a rename into or out of the directory cannot be replayed");
    size_t n = strlen(old), m = strlen(new);
    memcpy(both, old, n + 1);
    memcpy(both + n + 1, new, m);
    append(RENAME, 0, 0, both, n + 1 + m);
    return result;
}

int rename(const char *old, const char *new) {
    REAL(rename);
    long_path from, to;
    const char *a = name_at(AT_FDCWD, old, from), *b = name_at(AT_FDCWD, new, to);
    return renamed(real(old, new), a, b);
}

int renameat(int old_at, const char *old, int new_at, const char *new) {
    REAL(renameat);
    long_path from, to;
    const char *a = name_at(old_at, old, from), *b = name_at(new_at, new, to);
    return renamed(real(old_at, old, new_at, new), a, b);
}
