/* The floor: a WebSocket server that does nothing but pass each message on to everybody whose address is the same.
 *
 *   server PORT [joined]
 *
 * One thread on epoll. As it comes each delivery is one `send`; `joined` writes what arrived for a group while it was
 * busy as one `send` per member. It stores nothing, knows nobody, and keeps for a slow reader what it has not taken, up
 * to a bound, beyond which the reader is hung up on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handshake.h"

enum { EVENTS = 512, INPUT_MAX = 1 << 16, UNSENT_MAX = 64 << 20, PATH_MAX_BYTES = 128, BACKLOG = 4096 };

typedef struct {
    char *bytes;
    size_t length, room;
} Bytes;

typedef struct {
    char path[PATH_MAX_BYTES];
    int *members, count, room;
    Bytes pending;
    int waits; /* is in the list of groups with something pending */
} Group;

typedef struct {
    int fd, group; /* group: -1 before the handshake */
    Bytes input, unsent;
} Client;

static Group *groups;
static int group_count, *waiting, waiting_count, poller, joined;
static Client **clients; /* by file descriptor */
static char buffer[INPUT_MAX];

static void *must_have(void *memory) {
    if (memory == NULL) exit((perror("server"), 1));
    return memory;
}

static void append(Bytes *to, const char *data, size_t length) {
    if (to->length + length > to->room) {
        to->room = (to->length + length) * 2;
        to->bytes = must_have(realloc(to->bytes, to->room));
    }
    memcpy(to->bytes + to->length, data, length);
    to->length += length;
}

static void drop_front(Bytes *from, size_t length) {
    from->length -= length;
    memmove(from->bytes, from->bytes + length, from->length);
    if (from->length > 0) return;
    free(from->bytes);
    *from = (Bytes){0};
}

static void watch(const Client *c, uint32_t events, int action) {
    struct epoll_event event = {.events = events, .data.fd = c->fd};
    epoll_ctl(poller, action, c->fd, &event);
}

static void hang_up(Client *c) {
    if (c->group >= 0) {
        Group *g = &groups[c->group];
        for (int i = 0; i < g->count; i++)
            if (g->members[i] == c->fd) g->members[i] = g->members[--g->count];
    }
    clients[c->fd] = NULL;
    close(c->fd);
    free(c->input.bytes);
    free(c->unsent.bytes);
    free(c);
}

/* 0: the client was hung up on. */
static int push(Client *c, const char *data, size_t length) {
    ssize_t taken = c->unsent.length ? 0 : send(c->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno != EAGAIN) return hang_up(c), 0;
    if (taken < 0) taken = 0;
    if ((size_t)taken == length) return 1;
    if (c->unsent.length + length > UNSENT_MAX) return hang_up(c), 0;
    if (c->unsent.length == 0) watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    append(&c->unsent, data + taken, length - (size_t)taken);
    return 1;
}

static void push_rest(Client *c) {
    ssize_t taken = send(c->fd, c->unsent.bytes, c->unsent.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno != EAGAIN) {
        hang_up(c);
        return;
    }
    if (taken <= 0) return;
    drop_front(&c->unsent, (size_t)taken);
    if (c->unsent.length == 0) watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static void deliver(Group *g, const char *data, size_t length) {
    for (int i = g->count; i-- > 0;) push(clients[g->members[i]], data, length); /* backwards: one may leave */
}

static void publish(int group, const char *data, size_t length) {
    Group *g = &groups[group];
    if (!joined) {
        deliver(g, data, length);
        return;
    }
    append(&g->pending, data, length);
    if (g->waits) return;
    g->waits = 1;
    waiting[waiting_count++] = group;
}

static void deliver_joined(void) {
    for (int i = 0; i < waiting_count; i++) {
        Group *g = &groups[waiting[i]];
        deliver(g, g->pending.bytes, g->pending.length);
        g->pending.length = 0;
        g->waits = 0;
    }
    waiting_count = 0;
}

static void join_group(Client *c, const char *path) {
    int number = 0;
    while (number < group_count && strcmp(groups[number].path, path) != 0) number++;
    if (number == group_count) {
        groups = must_have(realloc(groups, (size_t)++group_count * sizeof *groups));
        waiting = must_have(realloc(waiting, (size_t)group_count * sizeof *waiting));
        groups[number] = (Group){0};
        snprintf(groups[number].path, PATH_MAX_BYTES, "%s", path);
    }
    Group *g = &groups[number];
    if (g->count == g->room) {
        g->room = g->room ? g->room * 2 : 16;
        g->members = must_have(realloc(g->members, (size_t)g->room * sizeof *g->members));
    }
    g->members[g->count++] = c->fd;
    c->group = number;
}

/* Answers the request for an upgrade. Bytes taken; 0: it has not all come; -1: hung up. */
static ssize_t take_request(Client *c, char *data, size_t length) {
    char *end = memmem(data, length, "\r\n\r\n", 4), answer[256], path[PATH_MAX_BYTES];
    if (end == NULL) return 0;
    *end = '\0';
    int size = put_answer(data, answer, sizeof answer);
    if (size == 0 || sscanf(data, "GET %127s", path) != 1) return hang_up(c), -1;
    join_group(c, path);
    return push(c, answer, (size_t)size) ? end + 4 - data : -1;
}

/* One masked frame of less than 64 KiB; what is said by others than a client is not understood. */
static ssize_t take_frame(Client *c, char *data, size_t length) {
    unsigned char *at = (unsigned char *)data, *mask;
    size_t header = 6, size;
    if (length < 2) return 0;
    size = at[1] & 127;
    if (size == 127 || !(at[1] & 128)) return hang_up(c), -1;
    if (size == 126) {
        if (length < 4) return 0;
        header = 8;
        size = (size_t)at[2] << 8 | at[3];
    }
    if (length < header + size) return 0;
    int opcode = at[0] & 15;
    if (opcode == 8) return hang_up(c), -1;
    if (opcode != 1 && opcode != 2) return (ssize_t)(header + size); /* pongs: no pings are sent */
    mask = at + header - 4;
    /* The frame for the members is put where the client's one was: the same without the mask. */
    unsigned char *payload = at + header, key[4] = {mask[0], mask[1], mask[2], mask[3]};
    for (size_t i = 0; i < size; i++) payload[i] ^= key[i & 3];
    unsigned char *start = payload - (size < 126 ? 2 : 4);
    if (size >= 126) start[2] = (unsigned char)(size >> 8), start[3] = (unsigned char)size;
    start[0] = (unsigned char)(0x80 | opcode), start[1] = (unsigned char)(size < 126 ? size : 126);
    int fd = c->fd;
    publish(c->group, (char *)start, (size_t)(payload - start) + size);
    return clients[fd] == c ? (ssize_t)(header + size) : -1;
}

static void keep_rest(Client *c, const char *data, size_t length) {
    c->input.length = 0;
    if (length > 0) {
        append(&c->input, data, length);
        return;
    }
    free(c->input.bytes); /* an idle connection holds nothing */
    c->input = (Bytes){0};
}

static void receive(Client *c) {
    size_t left = c->input.length;
    if (left == INPUT_MAX) {
        hang_up(c); /* a request or a frame that does not end */
        return;
    }
    if (left > 0) memcpy(buffer, c->input.bytes, left);
    ssize_t got = recv(c->fd, buffer + left, INPUT_MAX - left, MSG_DONTWAIT), taken = 1;
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) hang_up(c);
        return;
    }
    char *at = buffer;
    left += (size_t)got;
    for (; taken > 0 && left > 0; at += taken, left -= (size_t)taken) {
        taken = c->group < 0 ? take_request(c, at, left) : take_frame(c, at, left);
        if (taken < 0) return;
    }
    keep_rest(c, at, left);
}

static void welcome(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        clients[fd] = must_have(calloc(1, sizeof(Client)));
        *clients[fd] = (Client){.fd = fd, .group = -1};
        watch(clients[fd], EPOLLIN, EPOLL_CTL_ADD);
    }
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0)
        exit((perror("server"), 1));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

static void serve(int listener) {
    static struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) welcome(listener);
            else if (clients[fd] != NULL && events[i].events & EPOLLOUT) push_rest(clients[fd]);
            if (fd != listener && clients[fd] != NULL && events[i].events & ~(uint32_t)EPOLLOUT) receive(clients[fd]);
        }
        deliver_joined();
    }
}

int main(int count, char **words) {
    if (count < 2) return fprintf(stderr, "server PORT [joined]\n"), 2;
    joined = count > 2 && strcmp(words[2], "joined") == 0;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    clients = must_have(calloc(limit.rlim_cur, sizeof *clients));
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(EPOLL_CLOEXEC);
    serve(listen_on(atoi(words[1])));
}
