/* The connections: opening one, writing to it, losing it. It must not know what is said on them after hello. */
#ifndef LOAD_PEERS_H
#define LOAD_PEERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load_ledger.h"
#include "load_options.h"

enum { UNSENT_MAX = 1 << 20 };
typedef enum { UNBORN, CONNECTING, UPGRADING, GREETING, LIVE, DEAD } State;

typedef struct {
    int fd;
    State state;
    uint32_t group;
    char *device, *token;
    Cursor cursor;
    char *rest, *unsent; /* the beginning of a frame whose end has not come; what the kernel would not take yet */
    size_t rest_length, unsent_length;
} Peer;

static Peer *peers;
static uint32_t peer_count, next_peer;
static Ledger ledger;
static int poller;

static void watch(int fd, uint32_t events, int64_t key, int action) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)key};
    if (epoll_ctl(poller, action, fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
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
    if (p->unsent_length == 0) watch(p->fd, EPOLLIN | EPOLLOUT, p - peers, EPOLL_CTL_MOD);
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
    if (p->unsent_length == 0) watch(p->fd, EPOLLIN, p - peers, EPOLL_CTL_MOD);
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
    watch(p->fd, EPOLLOUT, next_peer++, EPOLL_CTL_ADD);
}

static void request_upgrade(Peer *p) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("connect: %s", strerror(error));
    char key[25], request[512];
    for (int i = 0; i < 21; i++) key[i] = BASE64URL[next_random() % 62]; /* 16 bytes in base64: 22 characters and == */
    memcpy(key + 21, "A==", 4);
    int length = snprintf(request, sizeof request,
                          "GET /ws HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                          option.host, option.port, key, option.subprotocol);
    p->state = UPGRADING;
    watch(p->fd, EPOLLIN, p - peers, EPOLL_CTL_MOD);
    push(p, request, (size_t)length);
}

static void say_hello(Peer *p) {
    char *text = NULL;
    int length = asprintf(&text, "{\"id\":1,\"op\":\"session.hello\",\"data\":{\"token\":\"%s\",\"device\":\"%s\"}}",
                          p->token, p->device);
    must_have(text);
    p->state = GREETING;
    push_frame(p, OP_TEXT, text, (size_t)length);
    free(text);
}

#endif
