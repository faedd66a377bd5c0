/* The client's side of RFC 6455 as far as a load generator needs it, and the names it gives to its messages.
 * It must not know sockets.
 */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, CID_LENGTH = 22, FRAME_HEADER_MAX = 14 };

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint64_t random_state = 88172645463325252ULL;

static uint64_t next_random(void) { /* xorshift64, Marsaglia 2003 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Writes one masked, final frame (RFC 6455, sections 5.2 and 5.3) and returns its length. */
static size_t put_frame(char *out, int opcode, const char *payload, size_t length) {
    unsigned char *at = (unsigned char *)out, mask[4];
    uint32_t key = (uint32_t)next_random();
    memcpy(mask, &key, 4);
    *at++ = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        *at++ = (unsigned char)(0x80 | length);
    } else if (length < 65536) {
        *at++ = 0x80 | 126;
        *at++ = (unsigned char)(length >> 8);
        *at++ = (unsigned char)length;
    } else {
        *at++ = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8) *at++ = (unsigned char)((uint64_t)length >> shift);
    }
    memcpy(at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) at[i] = (unsigned char)payload[i] ^ mask[i & 3];
    return (size_t)(at - (unsigned char *)out) + length;
}

typedef struct {
    int opcode;
    const char *payload;
    uint64_t length, whole;
} Frame;

/* Reads one unmasked frame. 1: it is whole; 0: more bytes are needed; -1: it is none that we can read. */
static int take_frame(const char *data, size_t available, Frame *frame) {
    const unsigned char *at = (const unsigned char *)data;
    size_t header = 2;
    frame->whole = 0;
    if (available < 2) return 0;
    if ((at[0] & 0xf0) != 0x80 || (at[1] & 0x80)) return -1; /* fragments, extensions and masks are not expected */
    frame->opcode = at[0] & 0x0f;
    frame->length = at[1];
    if (frame->length == 126) {
        header = 4;
        if (available < header) return 0;
        frame->length = (uint64_t)at[2] << 8 | at[3];
    } else if (frame->length == 127) {
        header = 10;
        if (available < header) return 0;
        frame->length = 0;
        for (int i = 2; i < 10; i++) frame->length = frame->length << 8 | at[i];
    }
    frame->payload = data + header;
    frame->whole = header + frame->length;
    return available >= frame->whole;
}

/* A message's number is hidden in its cid by an invertible spread over 48 bits, so that who receives an entry knows
 * which message it is, while a server's index sees cids as scattered as random ones. */
static const uint64_t MASK48 = 0xffffffffffffULL, SPREAD = 0x9e3779b97f4bULL;
static uint64_t cid_salt, cid_inverse;
static uint8_t digit_of[256]; /* one more than the value of each digit, 0 for what is none */

static void prepare_cids(void) {
    for (uint8_t i = 0; i < 64; i++) digit_of[(unsigned char)BASE64URL[i]] = (uint8_t)(i + 1);
    cid_inverse = SPREAD; /* Newton's iteration: each step doubles the number of correct low bits, from 3 */
    for (int i = 0; i < 5; i++) cid_inverse *= 2 - SPREAD * cid_inverse;
    cid_salt = next_random() & MASK48;
}

static void put_cid(char *out, uint64_t number) {
    uint64_t spread = ((number * SPREAD) & MASK48) ^ cid_salt, noise = next_random(), more = next_random();
    for (int i = 0; i < 8; i++) out[i] = BASE64URL[spread >> (42 - 6 * i) & 63];
    for (int i = 8; i < 18; i++) out[i] = BASE64URL[noise >> 6 * (i - 8) & 63];
    for (int i = 18; i < 21; i++) out[i] = BASE64URL[more >> 6 * (i - 18) & 63];
    out[21] = "AQgw"[more >> 60 & 3]; /* 128 bits leave two in the last character */
}

/* The number in a cid; meaningless, and almost surely huge, for a cid of somebody else. */
static uint64_t number_in_cid(const char *cid) {
    uint64_t spread = 0;
    for (int i = 0; i < 8; i++) {
        uint8_t digit = digit_of[(unsigned char)cid[i]];
        if (digit == 0) return MASK48;
        spread = spread << 6 | (uint64_t)(digit - 1);
    }
    return ((spread ^ cid_salt) * cid_inverse) & MASK48;
}

#endif
