/* XMPP (RFC 6120) with rooms (XEP-0045), unencrypted, without passwords (SASL ANONYMOUS, XEP-0175).
 *
 * It is no XML parser: it waits for the end of what it expects, and takes messages stanza by stanza. That is enough for
 * a server that we configured ourselves.
 */
#ifndef LOAD_DIALECT_XMPP_H
#define LOAD_DIALECT_XMPP_H

#include "dialects.h"

enum { OPENED, AUTHENTICATED, REOPENED, BOUND, ENTERING };

static const char STREAM[] = "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
                             "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

static void xmpp_greet(Peer *p) {
    p->step = OPENED;
    say_text(p, STREAM, sizeof STREAM - 1);
}

static int xmpp_compose(char *out, const Peer *p, const Group *g, uint64_t number, const char *cid) {
    (void)p;
    char text[ENVELOPE_MAX / 2];
    put_marked(text, sizeof text, cid);
    return snprintf(out, ENVELOPE_MAX,
                    "<message to='%s@conference.localhost' type='groupchat' id='m%llu'><body>%s</body></message>", g->id,
                    (unsigned long long)number, text);
}

/* What each step of the greeting waits for, and says then. */
static void xmpp_advance(Peer *p) {
    if (p->step == OPENED) {
        say_format(p, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
    } else if (p->step == AUTHENTICATED) {
        say_text(p, STREAM, sizeof STREAM - 1);
    } else if (p->step == REOPENED) {
        say_format(p, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    } else if (p->step == BOUND) {
        say_format(p,
                   "<presence to='%s@conference.localhost/n%u'><x xmlns='http://jabber.org/protocol/muc'>"
                   "<history maxstanzas='0'/></x></presence>",
                   groups[p->group].id, (uint32_t)(p - peers));
    } else {
        come_alive(p);
    }
    p->step++;
}

static size_t take_greeting(Peer *p, const char *data, size_t length) {
    static const char *const ends[] = {"</stream:features>", "<success", "</stream:features>", "</iq>", "<subject"};
    if (memmem(data, length, "<failure", 8) != NULL || memmem(data, length, "type='error'", 12) != NULL)
        fail("refused: %.*s", length > 300 ? 300 : (int)length, data);
    const char *found = memmem(data, length, ends[p->step], strlen(ends[p->step]));
    if (found != NULL && p->step == ENTERING) found = memmem(found, (size_t)(data + length - found), "</message>", 10);
    const char *behind = found == NULL ? NULL : memchr(found, '>', (size_t)(data + length - found));
    if (behind == NULL) return 0;
    xmpp_advance(p);
    return (size_t)(behind + 1 - data);
}

static size_t xmpp_take(Peer *p, const char *data, size_t length, uint64_t now_ns) {
    if (p->state == GREETING) return take_greeting(p, data, length);
    const char *end = memmem(data, length, "</message>", 10);
    if (end == NULL) return 0;
    size_t taken = (size_t)(end + 10 - data);
    const char *start = memmem(data, taken, "<message", 8), *tag = start == NULL ? NULL : memchr(start, '>', taken);
    if (tag == NULL || tag > end) {
        ledger.strayed++;
    } else if (memmem(start, (size_t)(tag - start), "type='error'", 12) == NULL) {
        take_copies(p, data, taken, 1, now_ns);
    } else {
        ledger.errors++;
        keep_reason(&ledger, (Slice){data, end});
    }
    return taken;
}

static const Dialect XMPP = {"xmpp", 0, xmpp_greet, xmpp_compose, xmpp_take};

#endif
