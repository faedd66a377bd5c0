/* A WebSocket whose address names the group, and that passes every text on to all who are there: the shape of the
 * chats in tutorials. Who is connected is a member; nothing is answered. */
#ifndef LOAD_DIALECT_PLAIN_H
#define LOAD_DIALECT_PLAIN_H

#include "dialects.h"

static void plain_greet(Peer *p) { come_alive(p); }

static int plain_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)p, (void)g, (void)number;
    return put_marked(out, ENVELOPE_MAX, cid);
}

static size_t plain_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    if (take_copies(p, data, length, 1, now_ns) == 0) ledger.strayed++;
    return length;
}

static const Dialect PLAIN = {"plain", 1, plain_greet, plain_compose, plain_take};

#endif
