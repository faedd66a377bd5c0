/* The load generator: N clients in one thread on epoll, which send, receive everything and check it.
 *
 *   load --port P --members FILE [--dialect D] [--inflight K | --rate R | --idle] [--seconds S] [--warm S] ...
 *
 * FILE has one line per connection: group, device and token, separated by spaces. It prints one JSON object per line:
 * {"event": "ready"} once every session is live, and waits for a line on stdin; {"event": "measuring"} after the
 * warm-up; {"event": "measured"} when sending stops; {"event": "result"} when everything arrived or `--drain` seconds
 * went by.
 *
 * Closed loop (--inflight K): per group, K messages are sent and not yet answered, at any time. Open loop (--rate R):
 * R messages a second over all groups, each timed from the moment it was due, not from its sending.
 *
 * With --hot-inflight or --hot-rate the first group of FILE is under that load and measured by itself, while the other
 * two options are for all other groups. --stalled N: the last N connections of the first group read nothing until the
 * sending ends.
 *
 * When there is nothing to read it naps for --nap-us microseconds instead of sleeping in epoll_wait: waking a sleeper
 * is paid for by whoever writes to it, so the server under test would be charged for it, frame by frame. Latencies
 * are therefore up to a nap too long. --nap-us 0 sleeps in epoll_wait.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/timerfd.h>

#include "clock.h"
#include "dialect_centrifuge.h"
#include "dialect_chatd.h"
#include "dialect_nats.h"
#include "dialect_plain.h"
#include "dialect_storm.h"
#include "dialect_xmpp.h"
#include "result.h"

enum { EVENTS = 512, HOT_EVENTS = 16, DUE_EVERY = 4, DUE_MAX = 512, ERRORS_MAX = 100 };
enum { BUFFER_MIN = 256 << 10, BUFFER_MAX = 64 << 20 };
enum { STDIN_KEY = -1, TIMER_KEY = -2 }; /* and one less for each lane */
typedef enum { OPENING, HOLDING, WARMING, MEASURING, DRAINING, LINGERING, FINISHED } Phase;

static const Dialect *const DIALECTS[] = {&CHATD, &PLAIN, &NATS, &JETSTREAM, &CENTRIFUGE, &XMPP, &STORM};

typedef struct { /* what is sent into the groups of a lane */
    int inflight, timer;
    double rate;
    uint32_t *groups, count, next;
    uint64_t sent, began_ns;
} Stream;

static Stream streams[LANES];
static Phase phase = OPENING;
static uint64_t began_ns, ready_ns, phase_ns, measured_ns, waited_ns;
static double cpu_at_start_s, cpu_share, idle_share;
static char *buffer;
static size_t buffer_size = BUFFER_MIN;

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void send_message(uint32_t group, uint64_t intended_ns) {
    static char envelope[ENVELOPE_MAX], frame[ENVELOPE_MAX + FRAME_HEADER_MAX];
    Group *g = &groups[group];
    Peer *p = NULL;
    for (uint32_t i = 0; i < g->senders && (p == NULL || p->state != LIVE); i++) {
        p = &peers[g->peers[g->next_sender]];
        g->next_sender = (g->next_sender + 1) % g->senders;
    }
    if (p == NULL || p->state != LIVE) return; /* all of them are gone: `closed` tells */
    uint64_t number = note_sending(&ledger, group, (uint32_t)(p - peers), intended_ns);
    char cid[CID_LENGTH + 1] = {0};
    put_cid(cid, number);
    size_t length = (size_t)dialect->compose(envelope, p, g, number, cid);
    if (dialect->websocket) push(p, frame, put_frame(frame, OP_TEXT, envelope, length));
    else push(p, envelope, length);
}

static void answered(uint64_t number, uint64_t now_ns) {
    uint32_t group = ledger.messages[number].group;
    if (streams[groups[group].lane].inflight > 0 && phase < DRAINING) send_message(group, now_ns);
}

static uint64_t due_ns(const Stream *s) { return s->began_ns + (uint64_t)((double)s->sent * 1e9 / s->rate); }

static void arm_timer(Stream *s) {
    struct itimerspec at = {.it_value = {(time_t)(due_ns(s) / 1000000000ULL), (long)(due_ns(s) % 1000000000ULL)}};
    timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Sends what is due, a bounded number at a time: what cannot be sent in time must not keep us from receiving. */
static void send_due(Stream *s) {
    for (int i = 0; i < DUE_MAX && due_ns(s) <= now(); i++) {
        if (ledger.measuring) record_ns(&ledger.lanes[s - streams].late, now() - due_ns(s));
        send_message(s->groups[s->next], due_ns(s));
        s->next = (s->next + 1) % s->count;
        s->sent++;
    }
    arm_timer(s);
}

/* The timers only wake us: while there is much to read, what is due does not wait for their turn. */
static void send_all_due(void) {
    for (Stream *s = streams; s < streams + LANES; s++)
        if (s->timer > 0 && due_ns(s) <= now()) send_due(s);
}

static void start_stream(Stream *s) {
    if (s->count == 0) return;
    if (s->rate > 0) {
        s->began_ns = now();
        s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        watch_in(CALM, s->timer, EPOLLIN, TIMER_KEY - (s - streams), EPOLL_CTL_ADD);
        send_due(s);
    }
    for (int k = 0; k < s->inflight; k++)
        for (uint32_t i = 0; i < s->count; i++) send_message(s->groups[i], now());
}

/* The slow ones: the last of the first group, who do not send. */
static void let_stalled_read(int reads) {
    const Group *g = &groups[0];
    for (int i = 0; i < option.stalled && i < (int)(g->members - g->senders); i++)
        read_from(&peers[g->peers[g->members - 1 - (uint32_t)i]], reads);
}

static void start_sending(void) {
    let_stalled_read(0);
    for (Stream *s = streams; s < streams + LANES; s++) start_stream(s);
}

static void stop_sending(void) {
    let_stalled_read(1);
    for (Stream *s = streams; s < streams + LANES; s++) {
        if (s->timer > 0) close(s->timer);
        s->timer = 0;
    }
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void take_frame_of(Peer *p, const Frame *f, uint64_t now_ns) {
    if (f->opcode == OP_TEXT) {
        dialect->take(p, f->payload, f->length, now_ns);
    } else if (f->opcode == OP_PING) {
        push_frame(p, OP_PONG, f->payload, f->length);
    } else if (f->opcode == OP_CLOSE) {
        char why[160];
        int code = f->length < 2 ? 1005 : (unsigned char)f->payload[0] << 8 | (unsigned char)f->payload[1];
        int length = f->length < 2 ? 0 : (int)f->length - 2;
        snprintf(why, sizeof why, "closed with %d %.*s", code, length, f->payload + (length ? 2 : 0));
        bury(p, why);
    }
}

static void request_upgrade(Peer *p) {
    char key[25], request[1024];
    for (int i = 0; i < 21; i++) key[i] = BASE64URL[next_random() % 62]; /* 16 bytes in base64: 22 characters and == */
    memcpy(key + 21, "A==", 4);
    int length = snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
                          option.path, dialect == &PLAIN ? groups[p->group].id : "", option.host, option.port, key);
    if (option.subprotocol[0] != '\0')
        length += snprintf(request + length, sizeof request - (size_t)length, "Sec-WebSocket-Protocol: %s\r\n",
                           option.subprotocol);
    length += snprintf(request + length, sizeof request - (size_t)length, "\r\n");
    p->state = UPGRADING;
    push(p, request, (size_t)length);
}

static void begin(Peer *p) {
    check_connected(p);
    if (dialect->websocket) {
        request_upgrade(p);
        return;
    }
    p->state = GREETING;
    dialect->greet(p);
}

/* Skips the response to the upgrade request; returns how many bytes it took, 0 if its end has not come yet. */
static size_t take_upgrade(Peer *p, const char *data, size_t length) {
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (length < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) fail("the upgrade was refused: %.*s", 60, data);
    p->state = GREETING;
    dialect->greet(p);
    return (size_t)(end + 4 - data);
}

/* The next whole piece of what came; returns how many bytes it took, 0 if its end has not come yet. */
static size_t take_piece(Peer *p, const char *at, size_t left, uint64_t now_ns) {
    if (p->state == UPGRADING) return take_upgrade(p, at, left);
    if (!dialect->websocket) return dialect->take(p, at, left, now_ns);
    Frame frame;
    int whole = take_frame(at, left, &frame);
    if (whole < 0) fail("a frame that cannot be read: %02x %02x", at[0] & 255, at[1] & 255);
    if (whole == 0) return 0;
    take_frame_of(p, &frame, now_ns);
    return frame.whole;
}

static void keep_rest(Peer *p, const char *data, size_t length) {
    p->rest_length = length;
    if (length == 0) return;
    p->rest = must_have(realloc(p->rest, length));
    memcpy(p->rest, data, length);
}

static void receive(Peer *p) {
    if (p->rest_length * 2 > buffer_size) {
        if (buffer_size >= BUFFER_MAX) fail("a frame is larger than %d bytes", BUFFER_MAX / 2);
        buffer = must_have(realloc(buffer, buffer_size *= 2));
    }
    if (p->rest_length > 0) memcpy(buffer, p->rest, p->rest_length);
    ssize_t got = recv(p->fd, buffer + p->rest_length, buffer_size - p->rest_length, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) bury(p, got == 0 ? "end of stream" : strerror(errno));
        return;
    }
    uint64_t now_ns = now();
    const char *at = buffer;
    size_t left = p->rest_length + (size_t)got;
    for (size_t taken = 1; taken > 0 && left > 0 && p->state != DEAD; at += taken, left -= taken)
        taken = take_piece(p, at, left, now_ns);
    if (p->state != DEAD) keep_rest(p, at, left);
}

/* --- phases ------------------------------------------------------------------------------------------------------- */

static void say(const char *event) {
    printf("{\"event\": \"%s\", \"connections\": %u, \"connect_s\": %.4f}\n", event, live_count,
           (double)(ready_ns - began_ns) / 1e9);
    fflush(stdout);
}

static void enter(Phase next) {
    phase = next;
    phase_ns = now();
}

static void wait_for_go(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(int64_t)STDIN_KEY};
    ready_ns = now();
    enter(HOLDING);
    say("ready");
    if (epoll_ctl(pollers[CALM], EPOLL_CTL_ADD, 0, &event) == 0) return;
    enter(option.idle ? FINISHED : WARMING); /* stdin is a file or /dev/null: nobody will say go */
    if (!option.idle) start_sending();
}

static void go(void) {
    epoll_ctl(pollers[CALM], EPOLL_CTL_DEL, 0, NULL);
    enter(option.idle ? FINISHED : WARMING);
    if (!option.idle) start_sending();
}

static void stop_measuring(void) {
    measured_ns = now() - phase_ns;
    cpu_share = (cpu_s() - cpu_at_start_s) / ((double)measured_ns / 1e9);
    idle_share = (double)waited_ns / (double)measured_ns;
    ledger.measuring = 0;
    stop_sending();
    say("measured");
    enter(DRAINING);
}

static void advance(void) {
    double elapsed_s = (double)(now() - phase_ns) / 1e9;
    if (phase == OPENING && live_count == peer_count) {
        wait_for_go();
    } else if (phase == OPENING && elapsed_s > option.patience) {
        fail("%u of %u connections were live after %.0f s", live_count, peer_count, option.patience);
    } else if (phase == WARMING && elapsed_s >= option.warm) {
        say("measuring");
        ledger.measuring = 1;
        waited_ns = 0;
        cpu_at_start_s = cpu_s();
        enter(MEASURING);
    } else if (phase == MEASURING && (elapsed_s >= option.seconds || ledger.errors > ERRORS_MAX)) {
        stop_measuring();
    } else if (phase == DRAINING && ((ledger.unacked == 0 && ledger.incomplete == 0) || elapsed_s > option.drain)) {
        enter(LINGERING); /* a little longer, for what might come twice */
    } else if (phase == LINGERING && elapsed_s > 0.2) {
        enter(FINISHED);
    }
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static uint32_t group_of(const char *id, size_t length) {
    for (uint32_t i = group_count; i-- > 0;) /* the newest first: the file lists members group by group */
        if (strncmp(groups[i].id, id, length) == 0 && groups[i].id[length] == '\0') return i;
    groups = must_have(realloc(groups, (group_count + 1) * sizeof(Group)));
    groups[group_count] = (Group){.id = must_have(strndup(id, length))};
    return group_count++;
}

static void read_members(void) {
    FILE *file = fopen(option.members, "r");
    if (file == NULL) fail("%s: %s", option.members, strerror(errno));
    char group[256], device[256], token[8193];
    while (fscanf(file, "%255s %255s %8192s", group, device, token) == 3) {
        uint32_t g = group_of(group, strlen(group));
        peers = must_have(realloc(peers, (peer_count + 1) * sizeof(Peer)));
        peers[peer_count] = (Peer){.group = g, .device = must_have(strdup(device)), .token = must_have(strdup(token))};
        groups[g].peers = must_have(realloc(groups[g].peers, (groups[g].members + 1) * sizeof(uint32_t)));
        groups[g].peers[groups[g].members++] = peer_count++;
    }
    fclose(file);
    if (peer_count == 0) fail("%s lists no member", option.members);
    for (uint32_t i = 0; i < group_count; i++) {
        uint32_t members = groups[i].members;
        groups[i].senders = members < (uint32_t)option.senders ? members : (uint32_t)option.senders;
    }
}

static void join_lane(uint32_t group, int lane) {
    Stream *s = &streams[lane];
    groups[group].lane = lane;
    s->groups = must_have(realloc(s->groups, (s->count + 1) * sizeof *s->groups));
    s->groups[s->count++] = group;
}

static void fill_lanes(void) {
    int hot = option.hot_inflight > 0 || option.hot_rate > 0;
    streams[CALM] = (Stream){.inflight = option.inflight, .rate = option.rate};
    streams[HOT] = (Stream){.inflight = option.hot_inflight, .rate = option.hot_rate};
    for (uint32_t i = 0; i < group_count; i++) join_lane(i, hot && i == 0 ? HOT : CALM);
}

static void choose_dialect(void) {
    for (size_t i = 0; i < sizeof DIALECTS / sizeof *DIALECTS; i++)
        if (strcmp(DIALECTS[i]->name, option.dialect) == 0) dialect = DIALECTS[i];
    if (dialect == NULL) fail("--dialect %s is unknown", option.dialect);
}

static void raise_limits(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (peer_count + 16 > limit.rlim_cur) fail("%u connections, but only %lu files may be open", peer_count,
                                               (unsigned long)limit.rlim_cur);
}

static void serve_event(int64_t key, uint32_t events) {
    if (key == STDIN_KEY) {
        go();
    } else if (key <= TIMER_KEY) {
        if (phase < DRAINING) send_due(&streams[TIMER_KEY - key]);
    } else if (peers[key].state == CONNECTING) {
        begin(&peers[key]);
    } else if (peers[key].state != DEAD) {
        if (events & EPOLLOUT) push_rest(&peers[key]);
        if (events & ~(uint32_t)EPOLLOUT && peers[key].state != DEAD) receive(&peers[key]);
    }
}

static int poll_lane(int lane, struct epoll_event *events, int most, int patience_ms) {
    int count = epoll_wait(pollers[lane], events, most, patience_ms);
    if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    return count < 0 ? 0 : count;
}

/* The next events, of the hot lane a few at a time; counts the time in which there were none. */
static int wait_for_events(struct epoll_event *events) {
    int hot = streams[HOT].count > 0, napping = option.nap_us > 0 && phase != HOLDING;
    uint64_t before = now();
    int count = poll_lane(CALM, events, EVENTS, napping ? 0 : hot ? 1 : 10);
    if (hot) count += poll_lane(HOT, events + count, HOT_EVENTS, 0);
    struct timespec nap = {0, option.nap_us * 1000L};
    if (count == 0 && napping) nanosleep(&nap, NULL);
    if (count == 0 || !napping) waited_ns += now() - before;
    return count;
}

static void run(void) {
    static struct epoll_event events[EVENTS + HOT_EVENTS];
    while (phase != FINISHED) {
        int count = wait_for_events(events);
        for (int i = 0; i < count; i++) {
            serve_event((int64_t)events[i].data.u64, events[i].events);
            if (i % DUE_EVERY == 0) send_all_due();
        }
        advance();
    }
}

int main(int count, char **words) {
    read_options(count, words);
    choose_dialect();
    random_state ^= now() * 0x9e3779b97f4a7c15ULL;
    prepare_cids();
    read_members();
    fill_lanes();
    raise_limits();
    signal(SIGPIPE, SIG_IGN);
    for (int lane = 0; lane < LANES; lane++) pollers[lane] = epoll_create1(EPOLL_CLOEXEC);
    buffer = must_have(malloc(buffer_size));
    began_ns = phase_ns = now();
    for (int i = 0; i < option.handshakes && next_peer < peer_count; i++) open_next();
    run();
    print_result((double)(ready_ns - began_ns) / 1e9, (double)measured_ns / 1e9, cpu_share, idle_share);
    struct linger now_or_never = {1, 0}; /* a reset leaves no port in TIME_WAIT for the next run to miss */
    for (uint32_t i = 0; i < peer_count; i++)
        if (peers[i].state != DEAD) setsockopt(peers[i].fd, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof now_or_never);
    return 0;
}
