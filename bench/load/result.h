/* What is printed at the end. It must not know how it came about. */
#ifndef LOAD_RESULT_H
#define LOAD_RESULT_H

#include "peers.h"

static void print_latency(const char *lane, const char *name, const Histogram *h) {
    static const struct {
        const char *name;
        double share;
    } shares[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        printf(", \"%s%s_%s_ms\": %.3f", lane, name, shares[i].name, percentile_ms(h, shares[i].share));
    printf(", \"%s%s_max_ms\": %.3f", lane, name, (double)h->max_ns / 1e6);
}

static void print_lane(const char *name, const Lane *lane, double seconds) {
    printf(", \"%smessages\": %llu, \"%sdeliveries\": %llu", name, (unsigned long long)lane->acks, name,
           (unsigned long long)lane->deliveries);
    printf(", \"%smessages_per_s\": %.1f, \"%sdeliveries_per_s\": %.1f", name,
           seconds > 0 ? (double)lane->acks / seconds : 0, name, seconds > 0 ? (double)lane->deliveries / seconds : 0);
    print_latency(name, "ack", &lane->ack);
    print_latency(name, "delivery", &lane->delivery);
    print_latency(name, "last", &lane->last);
    print_latency(name, "late", &lane->late);
}

static void print_count(const char *name, uint64_t count) { printf(", \"%s\": %llu", name, (unsigned long long)count); }

/* `seconds` were measured, in which `cpu` and `idle` are the shares that we used, and had nothing to read. */
static void print_result(double connect_s, double seconds, double cpu, double idle) {
    printf("{\"event\": \"result\", \"connections\": %u, \"connect_s\": %.4f, \"connects_per_s\": %.1f", peer_count,
           connect_s, peer_count / connect_s);
    printf(", \"seconds\": %.4f, \"cpu_share\": %.4f, \"idle_share\": %.4f", seconds, cpu, idle);
    print_lane("", &ledger.lanes[CALM], seconds);
    if (option.hot_inflight > 0 || option.hot_rate > 0) print_lane("hot_", &ledger.lanes[HOT], seconds);
    print_count("frames", ledger.frames);
    print_count("parsed", ledger.parsed);
    print_count("sent", ledger.count);
    print_count("delivered", count_delivered(&ledger));
    print_count("owed", count_owed(&ledger));
    print_count("missing", count_missing(&ledger));
    print_count("doubled", ledger.doubled);
    print_count("disordered", ledger.disordered);
    print_count("unsorted", ledger.unsorted);
    print_count("strayed", ledger.strayed);
    print_count("mismatched", ledger.mismatched);
    print_count("unacked", ledger.unacked);
    print_count("errors", ledger.errors);
    print_count("closed", ledger.closed);
    for (char *c = ledger.first_error; *c; c++) *c = *c == '"' || *c == '\\' || (unsigned char)*c < 32 ? '\'' : *c;
    printf(", \"first_error\": \"%s\"}\n", ledger.first_error);
    fflush(stdout);
}

#endif
