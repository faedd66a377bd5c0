/* Judges what a server sends that numbers its entries: everybody gets each once, in order, under one number.
 *
 * Every member of a group receives the same bytes, so a frame is parsed once and recognised by comparing it whole with
 * the group's newest ones; every entry in it is then counted for the connection it came on. It must not know sockets.
 */
#ifndef LOAD_ENTRIES_H
#define LOAD_ENTRIES_H

#include "ledger.h"

typedef struct {
    uint64_t pos;
    uint8_t known;
} Cursor;

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
        if (seen->number >= 0) note_delivery(l, &l->messages[seen->number], now_ns);
    }
}

#endif
