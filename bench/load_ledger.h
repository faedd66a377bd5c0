/* Who was sent what, and whether everybody got it: once, in order, under one number.
 *
 * Every member of a group receives the same bytes, so a frame is parsed once and recognised by comparing it whole with
 * the group's newest ones; every entry in it is then counted for the connection it came on. It must not know sockets.
 */
#ifndef LOAD_LEDGER_H
#define LOAD_LEDGER_H

#include "load_histogram.h"
#include "load_json.h"
#include "load_wire.h"

enum { MEMOS = 16 };

typedef struct {
    uint64_t intended_ns, pos;
    uint32_t group, delivered;
    uint8_t acked, measured, refused;
} Message;

typedef struct {
    uint64_t pos;
    int64_t number; /* of the message, -1 for an entry that is none of ours */
} Seen;

typedef struct {
    char *bytes;
    size_t length, capacity;
    uint64_t after;
    uint32_t count, room;
    Seen *seen;
} Memo;

typedef struct {
    char *id;
    uint32_t *peers, members, senders, next_sender; /* `peers`: the connections of its members */
    Memo memos[MEMOS];
    unsigned next_memo;
} Group;

typedef struct {
    uint64_t pos;
    uint8_t known;
} Cursor;

typedef struct {
    Message *messages;
    uint64_t count, room, unacked, incomplete;
    uint64_t acks, deliveries; /* inside the measured window */
    uint64_t doubled, disordered, strayed, mismatched, errors, closed, frames, parsed;
    int measuring;
    char first_error[200];
    Histogram ack, delivery, last;
} Ledger;

static void *must_have(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "load: out of memory\n");
        exit(1);
    }
    return memory;
}

static uint64_t note_sending(Ledger *l, uint32_t group, uint64_t intended_ns) {
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 65536;
        l->messages = must_have(realloc(l->messages, l->room * sizeof(Message)));
    }
    l->messages[l->count] = (Message){.intended_ns = intended_ns, .group = group, .measured = (uint8_t)l->measuring};
    l->unacked++;
    l->incomplete++;
    return l->count++;
}

static void note_pos(Ledger *l, Message *m, uint64_t pos) {
    if (m->pos == 0) m->pos = pos;
    else if (m->pos != pos) l->mismatched++;
}

/* Keeps the first thing that went wrong, in words. */
static void keep_reason(Ledger *l, Slice error) {
    if (l->first_error[0] != '\0') return;
    size_t length = (size_t)(error.end - error.start);
    if (length >= sizeof l->first_error) length = sizeof l->first_error - 1;
    memcpy(l->first_error, error.start, length);
}

/* The response to message `number`. Returns 1 if it was the first one for it. */
static int note_response(Ledger *l, uint64_t number, Slice ok, Slice error, uint64_t now_ns) {
    if (number >= l->count || l->messages[number].acked || l->messages[number].refused) {
        l->mismatched++;
        return 0;
    }
    Message *m = &l->messages[number];
    l->unacked--;
    if (ok.start == ok.end) {
        m->refused = 1;
        l->incomplete--;
        l->errors++;
        keep_reason(l, error);
        return 1;
    }
    m->acked = 1;
    note_pos(l, m, to_number(find_member(ok, "pos")));
    if (l->measuring) l->acks++;
    if (m->measured) record_ns(&l->ack, now_ns - m->intended_ns);
    return 1;
}

static void parse_entry(Ledger *l, Memo *memo, uint32_t group, Slice entry) {
    Slice rest = inside(entry), key, value, kind = {0, 0}, cid = {0, 0};
    uint64_t pos = 0, ranged = 0;
    while (next_member(&rest, &key, &value)) {
        if (is_text(key, "pos")) pos = to_number(value);
        else if (is_text(key, "kind")) kind = without_quotes(value);
        else if (is_text(key, "cid")) cid = without_quotes(value);
        else if (is_text(key, "to")) ranged = 1;
    }
    if (ranged) l->strayed++; /* a stretch of hidden entries: nobody here may be denied anything */
    Seen seen = {pos, -1};
    if (is_text(kind, "message") && cid.end - cid.start == CID_LENGTH) {
        uint64_t number = number_in_cid(cid.start);
        if (number < l->count) {
            seen.number = (int64_t)number;
            note_pos(l, &l->messages[number], pos);
            if (l->messages[number].group != group) l->strayed++;
        }
    }
    if (memo->count == memo->room) {
        memo->room = memo->room ? memo->room * 2 : 16;
        memo->seen = must_have(realloc(memo->seen, memo->room * sizeof(Seen)));
    }
    memo->seen[memo->count++] = seen;
}

static Memo *parse_entries(Ledger *l, Group *g, uint32_t group, const char *payload, size_t length) {
    Memo *memo = &g->memos[g->next_memo++ % MEMOS];
    if (memo->capacity < length) {
        memo->capacity = length * 2;
        memo->bytes = must_have(realloc(memo->bytes, memo->capacity));
    }
    memcpy(memo->bytes, payload, length);
    memo->length = length;
    memo->count = 0;
    l->parsed++;
    Slice data = find_member((Slice){payload, payload + length}, "data"), entry;
    memo->after = to_number(find_member(data, "after"));
    if (!is_text(without_quotes(find_member(data, "group")), g->id)) l->strayed++;
    Slice rest = inside(find_member(data, "entries"));
    while (next_item(&rest, &entry)) parse_entry(l, memo, group, entry);
    return memo;
}

static void note_delivery(Ledger *l, Message *m, uint32_t members, uint64_t now_ns) {
    m->delivered++;
    if (l->measuring) l->deliveries++;
    if (m->measured) record_ns(&l->delivery, now_ns - m->intended_ns);
    if (m->delivered != members) return;
    l->incomplete--;
    if (m->measured) record_ns(&l->last, now_ns - m->intended_ns);
}

/* A frame of entries that reached one member of group number `group`, whose cursor is `c`. */
static void note_entries(Ledger *l, Group *g, uint32_t group, Cursor *c, const char *payload, size_t length,
                         uint64_t now_ns) {
    Memo *memo = NULL;
    for (unsigned i = 1; i <= MEMOS && memo == NULL; i++) { /* the newest first */
        Memo *candidate = &g->memos[(g->next_memo - i) % MEMOS];
        if (candidate->length == length && memcmp(candidate->bytes, payload, length) == 0) memo = candidate;
    }
    l->frames++;
    if (memo == NULL) memo = parse_entries(l, g, group, payload, length);
    if (!c->known) *c = (Cursor){memo->after, 1};
    if (memo->after != c->pos) l->disordered++;
    for (uint32_t i = 0; i < memo->count; i++) {
        Seen *seen = &memo->seen[i];
        if (seen->pos <= c->pos) {
            l->doubled++;
            continue;
        }
        if (seen->pos != c->pos + 1) l->disordered++;
        c->pos = seen->pos;
        if (seen->number >= 0) note_delivery(l, &l->messages[seen->number], g->members, now_ns);
    }
}

static uint64_t count_delivered(const Ledger *l) {
    uint64_t delivered = 0;
    for (uint64_t i = 0; i < l->count; i++) delivered += l->messages[i].delivered;
    return delivered;
}

/* Deliveries of acknowledged messages that never came. */
static uint64_t count_missing(const Ledger *l, const Group *groups) {
    uint64_t missing = 0;
    for (uint64_t i = 0; i < l->count; i++) {
        const Message *m = &l->messages[i];
        uint32_t members = groups[m->group].members;
        if (m->acked && m->delivered < members) missing += members - m->delivered;
    }
    return missing;
}

#endif
