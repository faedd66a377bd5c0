/* Judges what a server sends that only passes messages on: everybody gets each once, and all see one order.
 *
 * The first member who gets a message gives it its place. Whoever gets a later place first has gaps; a message that
 * fills a gap was late, one that fills none came twice. A server may promise less: that the messages of one sender come
 * in order, whatever lies between them. That is counted beside it. It must not know sockets.
 */
#ifndef LOAD_ARRIVALS_H
#define LOAD_ARRIVALS_H

#include "ledger.h"

enum { GAPS_MAX = 1 << 16 };

typedef struct {
    uint32_t place;         /* the highest that has come */
    uint32_t *gaps;         /* lower ones that have not */
    uint32_t gap_count, gap_room;
    uint64_t *newest;       /* of each sender of the group: the number of its last message that came, and 1 more */
} View;

static void leave_gap(View *v, uint32_t place) {
    if (v->gap_count == GAPS_MAX) return; /* what is lost is counted by what was delivered, not here */
    if (v->gap_count == v->gap_room) {
        v->gap_room = v->gap_room ? v->gap_room * 2 : 16;
        v->gaps = must_have(realloc(v->gaps, v->gap_room * sizeof *v->gaps));
    }
    v->gaps[v->gap_count++] = place;
}

static int fill_gap(View *v, uint32_t place) {
    for (uint32_t i = 0; i < v->gap_count; i++) {
        if (v->gaps[i] != place) continue;
        v->gaps[i] = v->gaps[--v->gap_count];
        return 1;
    }
    return 0;
}

/* Whether the messages of one sender still come in the order in which it sent them. Those of a group are its first
 * connections, so that `sender` counts from the first of them. */
static void check_sender(Ledger *l, View *v, const Group *g, const Message *m, uint64_t number) {
    if (v->newest == NULL) v->newest = must_have(calloc(g->senders, sizeof *v->newest));
    uint64_t *newest = &v->newest[m->sender - g->peers[0]];
    if (number + 1 < *newest) l->unsorted++;
    else *newest = number + 1;
}

/* Message `number` reached a member of group `group`. */
static void note_arrival(Ledger *l, uint32_t group, View *v, uint64_t number, uint64_t now_ns) {
    l->frames++;
    if (number >= l->count || l->messages[number].group != group) {
        l->strayed++;
        return;
    }
    Message *m = &l->messages[number];
    if (m->place == 0) m->place = ++groups[group].placed;
    if (m->place <= v->place && !fill_gap(v, m->place)) {
        l->doubled++;
        return;
    }
    if (m->place > v->place) {
        if (m->place != v->place + 1) l->disordered++;
        for (uint32_t place = v->place + 1; place < m->place; place++) leave_gap(v, place);
        v->place = m->place;
    }
    check_sender(l, v, &groups[group], m, number);
    note_delivery(l, m, now_ns);
}

#endif
