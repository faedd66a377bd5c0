/* The protocol of chatd, in JSON. */
#ifndef LOAD_DIALECT_CHATD_H
#define LOAD_DIALECT_CHATD_H

#include "dialects.h"

static void chatd_greet(Peer *p) {
    say_format(p, "{\"id\":1,\"op\":\"session.hello\",\"data\":{\"token\":\"%s\",\"device\":\"%s\"}}", p->token, p->device);
}

static int chatd_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)p;
    return snprintf(out, ENVELOPE_MAX,
                    "{\"id\":%llu,\"op\":\"message.send\",\"data\":{\"group\":\"%s\",\"cid\":\"%s\","
                    "\"kind\":\"text\",\"body\":{\"text\":\"%0*d\"}}}",
                    (unsigned long long)number + 2, g->id, cid, option.text_bytes, 7);
}

static void chatd_response(Peer *p, uint64_t id, Slice ok, Slice error, uint64_t now_ns) {
    static const char nothing[] = "neither ok nor error";
    if (id == 1 && p->state == GREETING) {
        if (ok.start == NULL) fail("hello was refused: %.*s", (int)(error.end - error.start), error.start);
        come_alive(p);
    } else if (id >= 2) {
        uint64_t number = id - 2;
        if (ok.start == NULL && error.start == NULL) error = (Slice){nothing, nothing + sizeof nothing - 1};
        if (ok.start != NULL && number < ledger.count && !ledger.messages[number].acked)
            note_pos(&ledger, &ledger.messages[number], to_number(find_member(ok, "pos")));
        take_answer(number, error, now_ns);
    }
}

static size_t chatd_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    Slice rest = inside((Slice){data, data + length}), key, value;
    Slice re = {0, 0}, ok = {0, 0}, error = {0, 0}, event = {0, 0};
    /* Events begin with "ev", and only `entries` matter: the rest of a large frame is left to the ledger. */
    while (event.start == NULL && next_member(&rest, &key, &value)) {
        if (is_text(key, "re")) re = value;
        else if (is_text(key, "ok")) ok = value;
        else if (is_text(key, "error")) error = value;
        else if (is_text(key, "ev")) event = without_quotes(value);
    }
    if (event.start == NULL) chatd_response(p, to_number(re), ok, error, now_ns);
    else if (is_text(event, "entries"))
        note_entries(&ledger, &groups[p->group], p->group, &p->cursor, data, length, now_ns);
    return length;
}

static const Dialect CHATD = {"chatd", 1, chatd_greet, chatd_compose, chatd_take};

#endif
