/* Who was sent what, and whether everybody got it: once, and in which order.
 *
 * Two kinds of servers are judged. One that numbers its entries is judged by its numbers (entries.h). One that only
 * passes messages on is judged by what the members of a group see: the first who gets a message gives it its place in
 * the group's order, and everybody else has to meet it there (arrivals.h). It must not know sockets.
 */
#ifndef LOAD_LEDGER_H
#define LOAD_LEDGER_H

#include "histogram.h"
#include "json.h"
#include "wire.h"

enum { MEMOS = 16, CALM = 0, HOT = 1, LANES = 2 };

typedef struct {
    uint64_t intended_ns, pos;
    uint32_t group, delivered, sender, place; /* `sender`: a connection; `place`: in what the members saw, from 1 */
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
    uint32_t placed;                                /* messages that somebody has got */
    int lane;
    Memo memos[MEMOS];
    unsigned next_memo;
} Group;

typedef struct { /* groups that are under the same load are measured together */
    uint64_t acks, deliveries; /* inside the measured window */
    Histogram ack, delivery, last, late; /* `late`: by how much we sent later than was intended, in an open loop */
} Lane;

typedef struct {
    Message *messages;
    uint64_t count, room, unacked, incomplete;
    uint64_t doubled, disordered, unsorted, strayed, mismatched, errors, closed, frames, parsed;
    int measuring;
    char first_error[200];
    Lane lanes[LANES];
} Ledger;

static Group *groups;
static uint32_t group_count;
static Ledger ledger;

static void *must_have(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "load: out of memory\n");
        exit(1);
    }
    return memory;
}

static Lane *lane_of(Ledger *l, const Message *m) { return &l->lanes[groups[m->group].lane]; }

static uint64_t note_sending(Ledger *l, uint32_t group, uint32_t sender, uint64_t intended_ns) {
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 65536;
        l->messages = must_have(realloc(l->messages, l->room * sizeof(Message)));
    }
    l->messages[l->count] = (Message){
        .intended_ns = intended_ns, .group = group, .sender = sender, .measured = (uint8_t)l->measuring};
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

/* The first answer to message `number`: a good one, or `error`. Returns 0 if there was one before, or no such message. */
static int note_answer(Ledger *l, uint64_t number, Slice error, uint64_t now_ns) {
    if (number >= l->count || l->messages[number].acked || l->messages[number].refused) {
        l->mismatched++;
        return 0;
    }
    Message *m = &l->messages[number];
    l->unacked--;
    if (error.start != error.end) {
        m->refused = 1;
        l->incomplete--;
        l->errors++;
        keep_reason(l, error);
        return 1;
    }
    m->acked = 1;
    Lane *lane = lane_of(l, m);
    if (l->measuring) lane->acks++;
    if (m->measured) record_ns(&lane->ack, now_ns - m->intended_ns);
    return 1;
}

static void note_delivery(Ledger *l, Message *m, uint64_t now_ns) {
    Lane *lane = lane_of(l, m);
    m->delivered++;
    if (l->measuring) lane->deliveries++;
    if (m->measured) record_ns(&lane->delivery, now_ns - m->intended_ns);
    if (m->delivered != groups[m->group].members) return;
    if (!m->refused) l->incomplete--;
    if (m->measured) record_ns(&lane->last, now_ns - m->intended_ns);
}

static uint64_t count_delivered(const Ledger *l) {
    uint64_t delivered = 0;
    for (uint64_t i = 0; i < l->count; i++) delivered += l->messages[i].delivered;
    return delivered;
}

/* Deliveries that are owed: of every message that was not refused, to every member. */
static uint64_t count_owed(const Ledger *l) {
    uint64_t owed = 0;
    for (uint64_t i = 0; i < l->count; i++)
        if (!l->messages[i].refused) owed += groups[l->messages[i].group].members;
    return owed;
}

/* Deliveries of acknowledged messages that never came. */
static uint64_t count_missing(const Ledger *l) {
    uint64_t missing = 0;
    for (uint64_t i = 0; i < l->count; i++) {
        const Message *m = &l->messages[i];
        uint32_t members = groups[m->group].members;
        if (m->acked && m->delivered < members) missing += members - m->delivered;
    }
    return missing;
}

#endif
