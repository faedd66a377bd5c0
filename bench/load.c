/* The load generator: N WebSocket clients in one thread on epoll, which send, receive everything and check it.
 *
 *   load --port P --members FILE [--inflight K | --rate R | --idle] [--seconds S] [--warm S] [--text-bytes N] ...
 *
 * FILE has one line per connection: group, device and token, separated by spaces. It prints one JSON object per line:
 * {"event": "ready"} once every session is live, and waits for a line on stdin; {"event": "measuring"} after the
 * warm-up; {"event": "measured"} when sending stops; {"event": "result"} when everything arrived or `--drain` seconds
 * went by.
 *
 * Closed loop (--inflight K): per group, K messages are sent and not yet acknowledged, at any time. Open loop
 * (--rate R): R messages a second over all groups, each timed from the moment it was due, not from its sending.
 *
 * When there is nothing to read it naps for --nap-us microseconds instead of sleeping in epoll_wait: waking a sleeper
 * is paid for by whoever writes to it, so the server under test would be charged for it, frame by frame. Latencies
 * are therefore up to a nap too long. --nap-us 0 sleeps in epoll_wait.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>

#include "load_peers.h"

enum { EVENTS = 512, DUE_MAX = 512, ERRORS_MAX = 100, BUFFER_MIN = 256 << 10, BUFFER_MAX = 64 << 20 };
enum { STDIN_KEY = -1, TIMER_KEY = -2 };
typedef enum { OPENING, HOLDING, WARMING, MEASURING, DRAINING, LINGERING, FINISHED } Phase;

static Group *groups;
static uint32_t group_count, live_count, next_group;
static Phase phase = OPENING;
static int timer;
static uint64_t began_ns, ready_ns, phase_ns, measured_ns, open_sent, open_began_ns, waited_ns;
static double cpu_at_start_s, cpu_share, idle_share;
static char *buffer;
static size_t buffer_size = BUFFER_MIN;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void send_message(uint32_t group, uint64_t intended_ns) {
    static char text[8192], frame[8192 + FRAME_HEADER_MAX];
    Group *g = &groups[group];
    Peer *p = NULL;
    for (uint32_t i = 0; i < g->senders && (p == NULL || p->state != LIVE); i++) {
        p = &peers[g->peers[g->next_sender]];
        g->next_sender = (g->next_sender + 1) % g->senders;
    }
    if (p == NULL || p->state != LIVE) return; /* all of them are gone: `closed` tells */
    uint64_t number = note_sending(&ledger, group, intended_ns);
    char cid[CID_LENGTH + 1] = {0};
    put_cid(cid, number);
    int length = snprintf(text, sizeof text,
                          "{\"id\":%llu,\"op\":\"message.send\",\"data\":{\"group\":\"%s\",\"cid\":\"%s\","
                          "\"kind\":\"text\",\"body\":{\"text\":\"%0*d\"}}}",
                          (unsigned long long)number + 2, g->id, cid, option.text_bytes, 7);
    push(p, frame, put_frame(frame, OP_TEXT, text, (size_t)length));
}

static void arm_timer(void) {
    uint64_t due = open_began_ns + (uint64_t)((double)open_sent * 1e9 / option.rate);
    struct itimerspec at = {.it_value = {(time_t)(due / 1000000000ULL), (long)(due % 1000000000ULL)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Sends what is due, a bounded number at a time: what cannot be sent in time must not keep us from receiving. */
static void send_due(void) {
    for (int i = 0; i < DUE_MAX; i++) {
        uint64_t due = open_began_ns + (uint64_t)((double)open_sent * 1e9 / option.rate);
        if (due > now()) break;
        send_message(next_group, due);
        next_group = (next_group + 1) % group_count;
        open_sent++;
    }
    arm_timer();
}

static void start_sending(void) {
    if (option.rate > 0) {
        open_began_ns = now();
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        watch(timer, EPOLLIN, TIMER_KEY, EPOLL_CTL_ADD);
        send_due();
        return;
    }
    for (int k = 0; k < option.inflight; k++)
        for (uint32_t i = 0; i < group_count; i++) send_message(i, now());
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void take_text(Peer *p, const Frame *f, uint64_t now_ns) {
    Slice rest = inside((Slice){f->payload, f->payload + f->length}), key, value;
    Slice re = {0, 0}, ok = {0, 0}, error = {0, 0}, event = {0, 0};
    /* Events begin with "ev", and only `entries` matter: the rest of a large frame is left to the ledger. */
    while (event.start == NULL && next_member(&rest, &key, &value)) {
        if (is_text(key, "re")) re = value;
        else if (is_text(key, "ok")) ok = value;
        else if (is_text(key, "error")) error = value;
        else if (is_text(key, "ev")) event = without_quotes(value);
    }
    if (event.start != NULL) {
        if (is_text(event, "entries"))
            note_entries(&ledger, &groups[p->group], p->group, &p->cursor, f->payload, f->length, now_ns);
        return;
    }
    uint64_t id = to_number(re);
    if (id == 1 && p->state == GREETING) {
        if (ok.start == NULL) fail("hello was refused: %.*s", (int)(error.end - error.start), error.start);
        p->state = LIVE;
        live_count++;
        if (next_peer < peer_count) open_next();
        return;
    }
    if (id < 2 || !note_response(&ledger, id - 2, ok, error, now_ns)) return;
    if (option.rate == 0 && phase < DRAINING) send_message(ledger.messages[id - 2].group, now_ns);
}

static void take(Peer *p, const Frame *f, uint64_t now_ns) {
    if (f->opcode == OP_TEXT) {
        take_text(p, f, now_ns);
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

/* Skips the response to the upgrade request; returns how many bytes it took, 0 if its end has not come yet. */
static size_t take_upgrade(Peer *p, const char *data, size_t length) {
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (length < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) fail("the upgrade was refused: %.*s", 60, data);
    say_hello(p);
    return (size_t)(end + 4 - data);
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
    Frame frame;
    if (p->state == UPGRADING) {
        size_t taken = take_upgrade(p, at, left);
        at += taken;
        left -= taken;
    }
    while (p->state >= GREETING && p->state != DEAD) {
        int whole = take_frame(at, left, &frame);
        if (whole < 0) fail("a frame that cannot be read: %02x %02x", at[0] & 255, at[1] & 255);
        if (whole == 0) break;
        take(p, &frame, now_ns);
        at += frame.whole;
        left -= frame.whole;
    }
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
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event) == 0) return;
    enter(option.idle ? FINISHED : WARMING); /* stdin is a file or /dev/null: nobody will say go */
    if (!option.idle) start_sending();
}

static void go(void) {
    epoll_ctl(poller, EPOLL_CTL_DEL, 0, NULL);
    enter(option.idle ? FINISHED : WARMING);
    if (!option.idle) start_sending();
}

static void stop_measuring(void) {
    measured_ns = now() - phase_ns;
    cpu_share = (cpu_s() - cpu_at_start_s) / ((double)measured_ns / 1e9);
    idle_share = (double)waited_ns / (double)measured_ns;
    ledger.measuring = 0;
    if (option.rate > 0) close(timer);
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

static void print_latency(const char *name, const Histogram *h) {
    printf(", \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f, \"%s_max_ms\": %.3f", name, percentile_ms(h, 0.5), name,
           percentile_ms(h, 0.99), name, (double)h->max_ns / 1e6);
}

static void print_result(void) {
    double seconds = (double)measured_ns / 1e9, connect_s = (double)(ready_ns - began_ns) / 1e9;
    printf("{\"event\": \"result\", \"connections\": %u, \"connect_s\": %.4f, \"connects_per_s\": %.1f", peer_count,
           connect_s, peer_count / connect_s);
    printf(", \"seconds\": %.4f, \"cpu_share\": %.4f, \"idle_share\": %.4f", seconds, cpu_share, idle_share);
    printf(", \"messages\": %llu, \"deliveries\": %llu, \"messages_per_s\": %.1f, \"deliveries_per_s\": %.1f",
           (unsigned long long)ledger.acks, (unsigned long long)ledger.deliveries,
           seconds > 0 ? (double)ledger.acks / seconds : 0, seconds > 0 ? (double)ledger.deliveries / seconds : 0);
    print_latency("ack", &ledger.ack);
    print_latency("delivery", &ledger.delivery);
    print_latency("last", &ledger.last);
    printf(", \"frames\": %llu, \"parsed\": %llu, \"sent\": %llu, \"delivered\": %llu",
           (unsigned long long)ledger.frames, (unsigned long long)ledger.parsed, (unsigned long long)ledger.count,
           (unsigned long long)count_delivered(&ledger));
    printf(", \"missing\": %llu, \"doubled\": %llu, \"disordered\": %llu, \"strayed\": %llu, \"mismatched\": %llu",
           (unsigned long long)count_missing(&ledger, groups), (unsigned long long)ledger.doubled,
           (unsigned long long)ledger.disordered, (unsigned long long)ledger.strayed,
           (unsigned long long)ledger.mismatched);
    for (char *c = ledger.first_error; *c; c++) *c = *c == '"' || *c == '\\' || (unsigned char)*c < 32 ? '\'' : *c;
    printf(", \"unacked\": %llu, \"errors\": %llu, \"closed\": %llu, \"first_error\": \"%s\"}\n",
           (unsigned long long)ledger.unacked, (unsigned long long)ledger.errors, (unsigned long long)ledger.closed,
           ledger.first_error);
    fflush(stdout);
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static uint32_t group_of(const char *id) {
    for (uint32_t i = group_count; i-- > 0;) /* the newest first: the file lists members group by group */
        if (strcmp(groups[i].id, id) == 0) return i;
    groups = must_have(realloc(groups, (group_count + 1) * sizeof(Group)));
    groups[group_count] = (Group){.id = must_have(strdup(id))};
    return group_count++;
}

static void read_members(void) {
    FILE *file = fopen(option.members, "r");
    if (file == NULL) fail("%s: %s", option.members, strerror(errno));
    char group[256], device[256], token[8193];
    while (fscanf(file, "%255s %255s %8192s", group, device, token) == 3) {
        uint32_t g = group_of(group);
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
    } else if (key == TIMER_KEY) {
        if (phase < DRAINING) send_due();
    } else if (peers[key].state == CONNECTING) {
        request_upgrade(&peers[key]);
    } else if (peers[key].state != DEAD) {
        if (events & EPOLLOUT) push_rest(&peers[key]);
        if (events & ~(uint32_t)EPOLLOUT && peers[key].state != DEAD) receive(&peers[key]);
    }
}

/* The next events; counts the time in which there were none. */
static int wait_for_events(struct epoll_event *events) {
    int napping = option.nap_us > 0 && phase != HOLDING;
    uint64_t before = now();
    int count = epoll_wait(poller, events, EVENTS, napping ? 0 : 10);
    if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    struct timespec nap = {0, option.nap_us * 1000L};
    if (count == 0 && napping) nanosleep(&nap, NULL);
    if (count == 0 || !napping) waited_ns += now() - before;
    return count;
}

static void run(void) {
    static struct epoll_event events[EVENTS];
    while (phase != FINISHED) {
        int count = wait_for_events(events);
        for (int i = 0; i < count; i++) serve_event((int64_t)events[i].data.u64, events[i].events);
        advance();
    }
}

int main(int count, char **words) {
    read_options(count, words);
    random_state ^= now() * 0x9e3779b97f4a7c15ULL;
    prepare_cids();
    read_members();
    raise_limits();
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(EPOLL_CLOEXEC);
    buffer = must_have(malloc(buffer_size));
    began_ns = phase_ns = now();
    for (int i = 0; i < option.handshakes && next_peer < peer_count; i++) open_next();
    run();
    print_result();
    struct linger now_or_never = {1, 0}; /* a reset leaves no port in TIME_WAIT for the next run to miss */
    for (uint32_t i = 0; i < peer_count; i++)
        if (peers[i].state != DEAD) setsockopt(peers[i].fd, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof now_or_never);
    return 0;
}
