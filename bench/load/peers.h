/* The connections: opening one, writing to it, losing it. It must not know what is said on them. */
#ifndef LOAD_PEERS_H
#define LOAD_PEERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrivals.h"
#include "entries.h"
#include "options.h"

enum { UNSENT_MAX = 1 << 20 };
typedef enum { UNBORN, CONNECTING, UPGRADING, GREETING, LIVE, DEAD } State;

typedef struct {
    int fd;
    State state;
    uint32_t group;
    int step;          /* of a greeting that takes several */
    uint64_t opened_ns;
    char *device, *token;
    Cursor cursor; /* in what a server numbers */
    View view;     /* of what a server only passes on */
    char *rest, *unsent; /* the beginning of a frame whose end has not come; what the kernel would not take yet */
    size_t rest_length, unsent_length;
} Peer;

static Peer *peers;
static uint32_t peer_count, next_peer, live_count;
static int pollers[LANES]; /* one for each lane: who is in a quiet group does not stand in line behind the hot one */

static void watch_in(int lane, int fd, uint32_t events, int64_t key, int action) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)key};
    if (epoll_ctl(pollers[lane], action, fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

static void watch(Peer *p, uint32_t events, int action) {
    watch_in(groups[p->group].lane, p->fd, events, p - peers, action);
}

static void bury(Peer *p, const char *why) {
    if (p->state != LIVE) fail("a connection was refused or lost before it was live: %s", why);
    p->state = DEAD;
    ledger.closed++;
    keep_reason(&ledger, (Slice){why, why + strlen(why)});
    close(p->fd);
}

static void push(Peer *p, const char *data, size_t length) {
    ssize_t taken = p->unsent_length ? 0 : send(p->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno != EAGAIN) {
        bury(p, strerror(errno));
        return;
    }
    if (taken < 0) taken = 0;
    length -= (size_t)taken;
    if (length == 0) return;
    if (p->unsent_length + length > UNSENT_MAX) fail("the server does not read: %d bytes wait for it", UNSENT_MAX);
    if (p->unsent_length == 0) watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    p->unsent = must_have(realloc(p->unsent, p->unsent_length + length));
    memcpy(p->unsent + p->unsent_length, data + taken, length);
    p->unsent_length += length;
}

static void push_rest(Peer *p) {
    ssize_t taken = send(p->fd, p->unsent, p->unsent_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno != EAGAIN) {
        bury(p, strerror(errno));
        return;
    }
    if (taken <= 0) return;
    p->unsent_length -= (size_t)taken;
    memmove(p->unsent, p->unsent + taken, p->unsent_length);
    if (p->unsent_length == 0) watch(p, EPOLLIN, EPOLL_CTL_MOD);
}

static void push_frame(Peer *p, int opcode, const char *payload, size_t length) {
    char *frame = must_have(malloc(length + FRAME_HEADER_MAX));
    push(p, frame, put_frame(frame, opcode, payload, length));
    free(frame);
}

static void open_next(void) {
    Peer *p = &peers[next_peer];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)option.port)};
    if (inet_pton(AF_INET, option.host, &address.sin_addr) != 1) fail("--host must be an IPv4 address");
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) fail("connection %u: %s", next_peer, strerror(errno));
    int on = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(p->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    p->state = CONNECTING;
    watch(p, EPOLLOUT, EPOLL_CTL_ADD);
    next_peer++;
}

static void come_alive(Peer *p) {
    p->state = LIVE;
    live_count++;
    if (next_peer < peer_count) open_next();
}

/* The connection is there, or not. */
static void check_connected(Peer *p) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("connect: %s", strerror(error));
    watch(p, EPOLLIN, EPOLL_CTL_MOD);
}

/* Stops or goes on reading: who does not read is a slow member. */
static void read_from(Peer *p, int reads) {
    if (p->state == LIVE) watch(p, reads ? EPOLLIN : 0, EPOLL_CTL_MOD);
}

#endif
