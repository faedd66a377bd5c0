/* Coming back to chatd: a hello that says where one was in many groups, and everything that one missed.
 *
 * The file of members has other columns here: how many entries this one missed, anything, and the whole hello in JSON.
 * A session counts as there when it has them all; what comes twice, out of order or with a hole is counted as ever.
 */
#ifndef LOAD_DIALECT_STORM_H
#define LOAD_DIALECT_STORM_H

#include "dialects.h"

typedef struct {
    uint32_t group;
    Cursor cursor;
} Stand;

typedef struct {
    Stand *stands;
    uint32_t count;
    uint64_t came;
} Return;

static Return *returns; /* of each connection */

static uint32_t group_of(const char *id, size_t length);

static void storm_greet(Peer *p) {
    if (returns == NULL) returns = must_have(calloc(peer_count, sizeof *returns));
    p->opened_ns = now();
    say_text(p, p->token, strlen(p->token));
}

static int storm_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)out, (void)p, (void)g, (void)number, (void)cid;
    fail("who comes back says nothing: --idle");
    return 0;
}

static Cursor *stand_in(Return *r, uint32_t group) {
    for (uint32_t i = 0; i < r->count; i++)
        if (r->stands[i].group == group) return &r->stands[i].cursor;
    r->stands = must_have(realloc(r->stands, (r->count + 1) * sizeof *r->stands));
    r->stands[r->count] = (Stand){group, {0, 0}};
    return &r->stands[r->count++].cursor;
}

static void take_missed(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    Return *r = &returns[p - peers];
    Slice id = without_quotes(find_member(find_member((Slice){data, data + length}, "data"), "group"));
    uint32_t group = group_of(id.start, (size_t)(id.end - id.start));
    Cursor *c = stand_in(r, group);
    uint64_t before = c->pos;
    int known = c->known;
    note_entries(&ledger, &groups[group], group, c, data, length, now_ns);
    if (known) r->came += c->pos - before;
    else r->came += c->pos - groups[group].memos[(groups[group].next_memo - 1) % MEMOS].after;
    uint64_t missed = strtoull(groups[p->group].id, NULL, 10);
    if (r->came > missed) ledger.doubled++;
    if (r->came < missed || p->state != GREETING) return;
    record_ns(&ledger.lanes[CALM].last, now_ns - p->opened_ns);
    come_alive(p);
}

static size_t storm_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    Slice rest = inside((Slice){data, data + length}), key, value;
    if (!next_member(&rest, &key, &value)) return length;
    if (is_text(key, "ev") && is_text(value, "\"entries\"")) {
        take_missed(p, data, length, now_ns);
    } else if (is_text(key, "re")) {
        if (find_member((Slice){data, data + length}, "ok").start == data + length)
            fail("hello was refused: %.*s", length > 300 ? 300 : (int)length, data);
        if (next_peer < peer_count) open_next();
    }
    return length;
}

static const Dialect STORM = {"storm", 1, storm_greet, storm_compose, storm_take};

#endif
