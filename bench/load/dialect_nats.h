/* The protocol of NATS (docs of NATS, "Client protocol"): members subscribe to the subject of their group.
 *
 * In `nats` nothing is answered, so the sender's own copy is; in `jetstream` a stream keeps the subject, and its
 * acknowledgement comes to an inbox that carries the number of the message.
 */
#ifndef LOAD_DIALECT_NATS_H
#define LOAD_DIALECT_NATS_H

#include "dialects.h"

enum { GROUP_SID = 1, INBOX_SID = 2 };

static void nats_greet(Peer *p) {
    say_format(p,
               "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\",\"protocol\":1}\r\n"
               "SUB chat.%s %d\r\nPING\r\n",
               groups[p->group].id, GROUP_SID);
}

static void jetstream_greet(Peer *p) {
    say_format(p,
               "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\",\"protocol\":1}\r\n"
               "SUB chat.%s %d\r\nSUB inbox.%u.> %d\r\nPING\r\n",
               groups[p->group].id, GROUP_SID, (uint32_t)(p - peers), INBOX_SID);
}

static int put_publication(char *out, const Group *g, const char *reply, const char *cid) {
    char payload[ENVELOPE_MAX / 2];
    int length = put_marked(payload, sizeof payload, cid);
    return snprintf(out, ENVELOPE_MAX, "PUB chat.%s %s%d\r\n%s\r\n", g->id, reply, length, payload);
}

static int nats_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)p, (void)number;
    return put_publication(out, g, "", cid);
}

static int jetstream_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    char reply[64];
    snprintf(reply, sizeof reply, "inbox.%u.%llu ", (uint32_t)(p - peers), (unsigned long long)number);
    return put_publication(out, g, reply, cid);
}

/* What a stream says to a publication: `{"stream": …, "seq": …}`, or an error. */
static void take_stored(Slice subject, Slice payload, uint64_t now_ns) {
    const char *dot = memrchr(subject.start, '.', (size_t)(subject.end - subject.start));
    Slice number = {dot == NULL ? subject.end : dot + 1, subject.end};
    Slice error = find_member(payload, "seq").start == payload.end ? payload : NO_ERROR;
    take_answer(to_number(number), error, now_ns);
}

static Slice next_word(Slice *line) {
    while (line->start < line->end && *line->start == ' ') line->start++;
    Slice word = {line->start, line->start};
    while (word.end < line->end && *word.end != ' ') word.end++;
    line->start = word.end;
    return word;
}

/* MSG subject sid [reply] bytes; the payload and its CRLF lie behind the line. 0: it has not all come. */
static size_t take_publication(Peer *p, const char *data, size_t length, Slice line, int echoes, uint64_t now_ns) {
    next_word(&line);
    Slice subject = next_word(&line), sid = next_word(&line), size = next_word(&line), last = next_word(&line);
    if (last.start != last.end) size = last;
    size_t header = (size_t)(line.end - data) + 2, bytes = to_number(size);
    if (length < header + bytes + 2) return 0;
    Slice payload = {data + header, data + header + bytes};
    if (to_number(sid) == INBOX_SID) take_stored(subject, payload, now_ns);
    else if (take_copies(p, payload.start, bytes, echoes, now_ns) != 1) ledger.strayed++;
    return header + bytes + 2;
}

static size_t take_operation(Peer *p, const char *data, size_t length, int echoes, uint64_t now_ns) {
    const char *end = memmem(data, length, "\r\n", 2);
    if (end == NULL) return 0;
    if (memcmp(data, "MSG ", 4) == 0) return take_publication(p, data, length, (Slice){data, end}, echoes, now_ns);
    if (memcmp(data, "PING", 4) == 0) say_text(p, "PONG\r\n", 6);
    else if (memcmp(data, "PONG", 4) == 0 && p->state == GREETING) come_alive(p);
    else if (memcmp(data, "-ERR", 4) == 0) fail("%.*s", (int)(end - data), data);
    return (size_t)(end - data) + 2;
}

static size_t nats_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    return length < 4 ? 0 : take_operation(p, data, length, 1, now_ns);
}

static size_t jetstream_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    return length < 4 ? 0 : take_operation(p, data, length, 0, now_ns);
}

static const Dialect NATS = {"nats", 0, nats_greet, nats_compose, nats_take};
static const Dialect JETSTREAM = {"jetstream", 0, jetstream_greet, jetstream_compose, jetstream_take};

#endif
