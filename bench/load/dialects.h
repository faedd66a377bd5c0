/* How to speak with each kind of server: what it is greeted with, how a message is put, and what comes back.
 *
 * A dialect knows one protocol. It tells the ledger who got what, and `load.c` (through `answered`) that a message was
 * answered. Where a server answers nothing, the sender's own copy of its message counts as the answer.
 */
#ifndef LOAD_DIALECTS_H
#define LOAD_DIALECTS_H

#include "clock.h"
#include "peers.h"

enum { ENVELOPE_MAX = 8192 };

typedef struct {
    const char *name;
    int websocket;
    /* What is said when the connection is there (behind the handshake of a WebSocket). */
    void (*greet)(Peer *);
    /* Puts message `number` of a text into `out`, which has room for ENVELOPE_MAX, and returns its length. */
    int (*compose)(char *out, const Peer *, const Group *, uint64_t number, const char *cid);
    /* Takes what has come: one whole message of a WebSocket, else as much as can be understood. Returns how many bytes. */
    size_t (*take)(Peer *, const char *data, size_t length, uint64_t now_ns);
} Dialect;

static const Dialect *dialect;

/* A message was answered, for the first time. */
static void answered(uint64_t number, uint64_t now_ns);

static void say_text(Peer *p, const char *text, size_t length) {
    if (dialect->websocket) push_frame(p, OP_TEXT, text, length);
    else push(p, text, length);
}

__attribute__((format(printf, 2, 3))) static void say_format(Peer *p, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) fail("out of memory");
    say_text(p, text, (size_t)length);
    free(text);
}

static void take_answer(uint64_t number, Slice error, uint64_t now_ns) {
    if (note_answer(&ledger, number, error, now_ns)) answered(number, now_ns);
}

/* What is said to servers that know no message ids carries its own: `cid=` and 22 characters, then the text. */
static int put_marked(char *out, size_t room, const char *cid) {
    return snprintf(out, room, "cid=%s %0*d", cid, option.text_bytes, 7);
}

static const Slice NO_ERROR = {NULL, NULL};

/* A copy of a message reached `p`; at `echoes` servers the sender's own copy is the answer. */
static void take_copy(Peer *p, const char *cid, int echoes, uint64_t now_ns) {
    uint64_t number = number_in_cid(cid);
    note_arrival(&ledger, p->group, &p->view, number, now_ns);
    if (!echoes || number >= ledger.count) return;
    Message *m = &ledger.messages[number];
    if (m->sender == (uint32_t)(p - peers) && !m->acked) take_answer(number, NO_ERROR, now_ns);
}

/* Every marked message between `data` and its end; returns how many there were. */
static int take_copies(Peer *p, const char *data, size_t length, int echoes, uint64_t now_ns) {
    int count = 0;
    const char *end = data + length, *at = data;
    while ((at = memmem(at, (size_t)(end - at), "cid=", 4)) != NULL && end - at >= 4 + CID_LENGTH) {
        take_copy(p, at + 4, echoes, now_ns);
        at += 4 + CID_LENGTH;
        count++;
    }
    return count;
}

#endif
