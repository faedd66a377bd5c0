/* The JSON protocol of Centrifuge: commands with ids, several messages of a frame on lines of their own. */
#ifndef LOAD_DIALECT_CENTRIFUGE_H
#define LOAD_DIALECT_CENTRIFUGE_H

#include "dialects.h"

enum { CONNECT_ID = 1, SUBSCRIBE_ID = 2, FIRST_ID = 3 };

static void centrifuge_greet(Peer *p) { say_format(p, "{\"id\":%d,\"connect\":{}}", CONNECT_ID); }

static int centrifuge_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)p;
    char text[ENVELOPE_MAX / 2];
    put_marked(text, sizeof text, cid);
    return snprintf(out, ENVELOPE_MAX, "{\"id\":%llu,\"publish\":{\"channel\":\"%s\",\"data\":{\"text\":\"%s\"}}}",
                    (unsigned long long)number + FIRST_ID, g->id, text);
}

static void centrifuge_reply(Peer *p, uint64_t id, Slice error, uint64_t now_ns) {
    if (id < FIRST_ID && error.start != error.end) fail("refused: %.*s", (int)(error.end - error.start), error.start);
    if (id == CONNECT_ID)
        say_format(p, "{\"id\":%d,\"subscribe\":{\"channel\":\"%s\"}}", SUBSCRIBE_ID, groups[p->group].id);
    else if (id == SUBSCRIBE_ID) come_alive(p);
    else take_answer(id - FIRST_ID, error, now_ns);
}

static void centrifuge_line(Peer *p, Slice line, uint64_t now_ns) {
    if (line.end - line.start == 2) { /* {} asks whether we are there */
        say_text(p, "{}", 2);
        return;
    }
    Slice rest = inside(line), key, value, id = {0, 0}, error = NO_ERROR;
    while (next_member(&rest, &key, &value)) {
        if (is_text(key, "id")) id = value;
        else if (is_text(key, "error")) error = value;
        else if (is_text(key, "push"))
            take_copies(p, value.start, (size_t)(value.end - value.start), 0, now_ns);
    }
    if (id.start != NULL) centrifuge_reply(p, to_number(id), error, now_ns);
}

static size_t centrifuge_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    const char *at = data, *end = data + length;
    while (at < end) {
        const char *behind = memchr(at, '\n', (size_t)(end - at));
        if (behind == NULL) behind = end;
        if (behind > at) centrifuge_line(p, (Slice){at, behind}, now_ns);
        at = behind + 1;
    }
    return length;
}

static const Dialect CENTRIFUGE = {"centrifuge", 1, centrifuge_greet, centrifuge_compose, centrifuge_take};

#endif
