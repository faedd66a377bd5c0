/* A JSON scanner: walks objects and arrays in place, copies nothing, allocates nothing.
 *
 * It is for frames that a server made, so it skips values by their brackets and quotes and does not validate numbers or
 * escapes. It must not know what any key means.
 */
#ifndef LOAD_JSON_H
#define LOAD_JSON_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *start, *end;
} Slice;

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    return at;
}

/* `at` is on the opening quote; the result is behind the closing one, NULL if there is none. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at == '"') return at + 1;
        if (*at == '\\') at++;
    }
    return NULL;
}

static const char *skip_value(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = skip_string(at, end);
            if (at == NULL) return NULL;
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n')) {
            return at;
        }
        at++;
    }
    return depth == 0 ? at : NULL;
}

/* Takes the next value of an array off `rest`, which begins behind the opening bracket. 0: at the end, or malformed. */
static int next_item(Slice *rest, Slice *value) {
    const char *at = skip_space(rest->start, rest->end);
    if (at < rest->end && *at == ',') at = skip_space(at + 1, rest->end);
    if (at >= rest->end || *at == ']' || *at == '}') return 0;
    const char *behind = skip_value(at, rest->end);
    if (behind == NULL) return 0;
    *value = (Slice){at, behind};
    rest->start = behind;
    return 1;
}

/* Takes the next member of an object off `rest`; the key comes without its quotes. */
static int next_member(Slice *rest, Slice *key, Slice *value) {
    Slice name;
    if (!next_item(rest, &name) || *name.start != '"') return 0;
    const char *at = skip_space(rest->start, rest->end);
    if (at >= rest->end || *at != ':') return 0;
    rest->start = skip_space(at + 1, rest->end);
    *key = (Slice){name.start + 1, name.end - 1};
    return next_item(rest, value);
}

/* What lies behind the opening bracket of an object or array; empty for any other value. */
static Slice inside(Slice value) {
    if (value.start < value.end && (*value.start == '{' || *value.start == '[')) value.start++;
    else value.start = value.end;
    return value;
}

static int is_text(Slice slice, const char *text) {
    size_t length = strlen(text);
    return (size_t)(slice.end - slice.start) == length && memcmp(slice.start, text, length) == 0;
}

static Slice without_quotes(Slice value) {
    if (value.end - value.start >= 2 && *value.start == '"') return (Slice){value.start + 1, value.end - 1};
    return value;
}

static uint64_t to_number(Slice value) {
    uint64_t number = 0;
    for (const char *at = value.start; at < value.end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint64_t)(*at - '0');
    }
    return number;
}

/* The member `name` of an object; an empty slice if it has none. */
static Slice find_member(Slice object, const char *name) {
    Slice rest = inside(object), key, value;
    while (next_member(&rest, &key, &value)) {
        if (is_text(key, name)) return value;
    }
    return (Slice){object.end, object.end};
}

#endif
