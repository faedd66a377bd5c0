/* What the command line asks for, and how to stop with a reason. It must not know what is done with it. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    const char *host, *members, *subprotocol, *dialect, *path;
    int port, inflight, hot_inflight, idle, senders, stalled, text_bytes, handshakes, nap_us;
    double rate, hot_rate, seconds, warm, drain, patience;
} option = {.host = "127.0.0.1", .subprotocol = "chatd.v1.json", .dialect = "chatd", .path = "/ws", .senders = 250,
            .text_bytes = 64, .handshakes = 64, .nap_us = 100, .seconds = 4, .warm = 1, .drain = 20, .patience = 120};

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

static void check_options(void) {
    if (option.port <= 0 || option.members == NULL) fail("--port and --members are needed");
    int hot = option.hot_inflight > 0 || option.hot_rate > 0;
    if ((option.inflight > 0) + (option.rate > 0) + option.idle != 1 && !(hot && !option.idle))
        fail("one of --inflight, --rate, --idle is needed");
    if (option.inflight > 0 && option.rate > 0) fail("--inflight or --rate, not both");
    if (option.hot_inflight > 0 && option.hot_rate > 0) fail("--hot-inflight or --hot-rate, not both");
    if (option.senders < 1 || option.handshakes < 1) fail("--senders and --handshakes must be at least 1");
    if (option.stalled < 0) fail("--stalled must not be negative");
    if (option.nap_us < 0 || option.nap_us > 10000) fail("--nap-us must be 0 to 10000");
    if (option.text_bytes < 1 || option.text_bytes > 4000) fail("--text-bytes must be 1 to 4000");
}

static void read_options(int count, char **words) {
    static const struct option known[] = {
        {"host", 1, 0, 'h'},         {"port", 1, 0, 'p'},     {"members", 1, 0, 'm'},     {"inflight", 1, 0, 'k'},
        {"rate", 1, 0, 'r'},         {"idle", 0, 0, 'i'},     {"seconds", 1, 0, 's'},     {"warm", 1, 0, 'w'},
        {"drain", 1, 0, 'd'},        {"senders", 1, 0, 'n'},  {"text-bytes", 1, 0, 't'},  {"handshakes", 1, 0, 'c'},
        {"nap-us", 1, 0, 'u'},       {"patience", 1, 0, 'P'}, {"subprotocol", 1, 0, 'S'}, {"dialect", 1, 0, 'D'},
        {"hot-inflight", 1, 0, 'K'}, {"hot-rate", 1, 0, 'R'}, {"stalled", 1, 0, 'x'},     {"path", 1, 0, 'a'},
        {0, 0, 0, 0}};
    for (int c; (c = getopt_long(count, words, "", known, NULL)) != -1;) {
        if (c == 'h') option.host = optarg;
        else if (c == 'p') option.port = atoi(optarg);
        else if (c == 'm') option.members = optarg;
        else if (c == 'k') option.inflight = atoi(optarg);
        else if (c == 'r') option.rate = atof(optarg);
        else if (c == 'K') option.hot_inflight = atoi(optarg);
        else if (c == 'R') option.hot_rate = atof(optarg);
        else if (c == 'i') option.idle = 1;
        else if (c == 's') option.seconds = atof(optarg);
        else if (c == 'w') option.warm = atof(optarg);
        else if (c == 'd') option.drain = atof(optarg);
        else if (c == 'n') option.senders = atoi(optarg);
        else if (c == 'x') option.stalled = atoi(optarg);
        else if (c == 't') option.text_bytes = atoi(optarg);
        else if (c == 'c') option.handshakes = atoi(optarg);
        else if (c == 'u') option.nap_us = atoi(optarg);
        else if (c == 'P') option.patience = atof(optarg);
        else if (c == 'S') option.subprotocol = optarg;
        else if (c == 'D') option.dialect = optarg;
        else if (c == 'a') option.path = optarg;
        else exit(2);
    }
    check_options();
}

#endif
