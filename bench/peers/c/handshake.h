/* What a WebSocket server answers to the request for an upgrade (RFC 6455, section 4.2.2). It must not know sockets. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SHA1_BYTES = 20, ACCEPT_LENGTH = 28 };

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static void digest_block(uint32_t state[5], const unsigned char *block) { /* FIPS 180-4, section 6.1.2 */
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f, k;
        if (t < 20) f = (b & c) | (~b & d), k = 0x5a827999;
        else if (t < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (t < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        else f = b ^ c ^ d, k = 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* For texts shorter than 119 bytes: two blocks. */
static void digest(const char *text, size_t length, unsigned char out[SHA1_BYTES]) {
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char blocks[128] = {0};
    size_t count = length < 56 ? 1 : 2;
    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    for (int i = 0; i < 8; i++) blocks[count * 64 - 1 - (size_t)i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
    for (size_t i = 0; i < count; i++) digest_block(state, blocks + 64 * i);
    for (int i = 0; i < SHA1_BYTES; i++) out[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* Base64 of 20 bytes: 27 digits and one sign of padding. */
static void put_base64(const unsigned char *in, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 27; i++) {
        int bit = 6 * i, byte = bit / 8, shift = bit % 8;
        unsigned pair = (unsigned)in[byte] << 8 | (byte + 1 < SHA1_BYTES ? in[byte + 1] : 0);
        out[i] = digits[pair >> (10 - shift) & 63];
    }
    out[27] = '=';
    out[28] = '\0';
}

/* The answer to a request; its length, or 0 if the request is none for a WebSocket. */
static int put_answer(const char *request, char *out, size_t room) {
    static const char name[] = "Sec-WebSocket-Key: ", magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = strcasestr(request, name);
    if (key == NULL || strlen(key += sizeof name - 1) < 24) return 0;
    char joined[24 + sizeof magic], accept[ACCEPT_LENGTH + 1];
    unsigned char hashed[SHA1_BYTES];
    memcpy(joined, key, 24);
    memcpy(joined + 24, magic, sizeof magic);
    digest(joined, 24 + sizeof magic - 1, hashed);
    put_base64(hashed, accept);
    return snprintf(out, room, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
}

#endif
