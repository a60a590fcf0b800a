/*
 * The floor: a hub that does no more than it must. One thread, one epoll loop; whatever text message one client
 * sends is framed once and written to every client with one send() each. What a server on this machine costs less,
 * it saves by writing less often, not by writing better.
 *
 * Listens on 127.0.0.1, on a port that the system chooses, and prints it. Messages of clients may have up to
 * MAX_MESSAGE bytes and must not come in fragments; a client that does otherwise, or does not read, is cut off.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FILES = 1 << 20, MAX_MESSAGE = 65535, EVENTS = 1024, READ_BYTES = 1 << 17, KEY_CHARS = 24 };
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

/* A client, by its file descriptor. `rest` holds bytes that came without their end. */
struct client {
  uint8_t *rest;
  uint32_t rest_length;
  int32_t place; /* in `open`, or -1 before the handshake is done */
};
static struct client clients[MAX_FILES];
static int open[MAX_FILES], open_count, loop;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* --- SHA-1 and base64, for Sec-WebSocket-Accept alone --- */

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

static void sha1_block(uint32_t h[5], const uint8_t *block) {
  uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                     : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                              : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t next = rotate(a, 5) + mixed + e + w[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* The accept value of a key: always 24 + 36 bytes, so two blocks of SHA-1. */
static void accept_value(const char *key, char out[29]) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t text[128] = {0}, hash[21] = {0};
  memcpy(text, key, KEY_CHARS);
  memcpy(text + KEY_CHARS, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  text[60] = 0x80;
  text[126] = 60 * 8 >> 8, text[127] = 60 * 8 & 255;
  sha1_block(h, text);
  sha1_block(h, text + 64);
  for (int i = 0; i < 20; i++) hash[i] = h[i / 4] >> (24 - i % 4 * 8);
  for (int i = 0; i < 27; i++) {
    int bit = i * 6, pair = hash[bit / 8] << 8 | hash[bit / 8 + 1];
    out[i] = digits[pair >> (10 - bit % 8) & 63];
  }
  out[27] = '=', out[28] = 0;
}

/* --- clients --- */

static void cut(int fd) {
  struct client *client = &clients[fd];
  if (client->place >= 0) {
    int last = open[--open_count];
    open[client->place] = last;
    clients[last].place = client->place;
  }
  free(client->rest);
  client->rest = NULL, client->rest_length = 0;
  close(fd);
}

static int write_all(int fd, const void *bytes, size_t length) {
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void broadcast(const uint8_t *payload, uint32_t length) {
  static uint8_t frame[4 + MAX_MESSAGE];
  uint32_t head = length < 126 ? 2 : 4;
  frame[0] = 0x80 | TEXT;
  frame[1] = length < 126 ? length : 126;
  if (head == 4) frame[2] = length >> 8, frame[3] = length & 255;
  memcpy(frame + head, payload, length);
  /* Only shut down: the loop reads its end and cuts it off, when nobody is in the middle of this list. */
  for (int i = 0; i < open_count; i++)
    if (!write_all(open[i], frame, head + length)) shutdown(open[i], SHUT_RDWR);
}

/* Answers the upgrade request in `bytes`; returns its length, 0 where it is not whole, -1 where it is none. */
static int shake_hands(int fd, const char *bytes, int length) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  for (const char *line = bytes; line < end; line = (const char *)memmem(line, end + 2 - line, "\r\n", 2) + 2) {
    if (strncasecmp(line, "sec-websocket-key:", 18) != 0) continue;
    const char *key = line + 18 + strspn(line + 18, " \t");
    if (end - key < KEY_CHARS) return -1;
    char accepted[29], answer[160];
    accept_value(key, accepted);
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n", accepted);
    if (!write_all(fd, answer, size)) return -1;
    clients[fd].place = open_count;
    open[open_count++] = fd;
    return end + 4 - bytes;
  }
  return -1;
}

/* Reads the frame at `at`; returns its length, 0 where it is not whole, -1 where the client is to be cut off. */
static int read_frame(int fd, uint8_t *at, int length) {
  if (length < 6) return 0;
  uint32_t size = at[1] & 127, head = size == 126 ? 8 : 6;
  if (!(at[0] & 0x80) || !(at[1] & 0x80) || size == 127) return -1;
  if (size == 126) size = at[2] << 8 | at[3];
  if ((uint32_t)length < head + size) return 0;
  uint8_t *payload = at + head, *mask = payload - 4;
  for (uint32_t i = 0; i < size; i++) payload[i] ^= mask[i & 3];
  int opcode = at[0] & 15;
  if (opcode == CLOSE || (opcode > CLOSE && size > 125)) return -1;
  if (opcode == PING) {
    uint8_t pong[127] = {0x80 | PONG, size};
    memcpy(pong + 2, payload, size);
    if (!write_all(fd, pong, 2 + size)) return -1;
  }
  if (opcode == TEXT) broadcast(payload, size);
  return head + size;
}

/* Takes what is whole off the front; returns how much, or -1 where the client is to be cut off. */
static int take(int fd, uint8_t *bytes, int length) {
  int at = 0, used = 1;
  while (used > 0 && at < length) {
    used = clients[fd].place < 0 ? shake_hands(fd, (char *)bytes + at, length - at)
                                 : read_frame(fd, bytes + at, length - at);
    if (used < 0) return -1;
    at += used;
  }
  return at;
}

static void readable(int fd) {
  static uint8_t bytes[MAX_MESSAGE + 8 + READ_BYTES];
  struct client *client = &clients[fd];
  uint32_t kept = client->rest_length;
  if (kept > 0) memcpy(bytes, client->rest, kept);
  ssize_t got = read(fd, bytes + kept, READ_BYTES);
  if (got <= 0) return cut(fd);
  int length = kept + got, taken = take(fd, bytes, length);
  if (taken < 0 || length - taken > MAX_MESSAGE + 8) return cut(fd);
  client->rest_length = length - taken;
  if (client->rest_length == 0 && client->rest == NULL) return;
  client->rest = realloc(client->rest, client->rest_length + 1);
  memcpy(client->rest, bytes + taken, client->rest_length);
}

static void welcome(int listener) {
  const int on = 1;
  for (int i = 0; i < 64; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[fd].place = -1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size)) fail("getsockname");
  loop = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  if (epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event)) fail("epoll_ctl");
  printf("listening on %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int count = epoll_wait(loop, events, EVENTS, -1);
    for (int i = 0; i < count; i++)
      if (events[i].data.fd == listener) welcome(listener);
      else readable(events[i].data.fd);
  }
}
