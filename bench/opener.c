/*
 * Opens WebSocket connections as fast as a server takes them: a client that costs less than any server, so that the
 * rate is the server's. Keeps PENDING handshakes under way, counts those that are answered with 101, and holds all
 * connections until the last is open. Usage: opener PORT CONNECTIONS; prints {"connections":N,"seconds":S}.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PENDING = 200, EVENTS = 256, ADDRESSES = 4, MAX_SECONDS = 60 };
static const char request[] =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
static int loop, port, started;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

/* From 127.0.1.1 and its neighbours in turn: one address runs out of ports. */
static void open_next(void) {
  const int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101 + started++ % ADDRESSES)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&from, sizeof from)) fail("bind");
  struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
  connect(fd, (struct sockaddr *)&to, sizeof to);
}

static void ask(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) fail("connect");
  epoll_ctl(loop, EPOLL_CTL_MOD, fd, &event);
}

static void hear(int fd) {
  char answer[1024];
  ssize_t length = read(fd, answer, sizeof answer);
  if (length < 12 || memcmp(answer, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "a handshake was not answered with 101\n");
    exit(1);
  }
  epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  port = atoi(arguments[1]);
  int wanted = atoi(arguments[2]), opened = 0;
  struct epoll_event events[EVENTS];
  loop = epoll_create1(0);
  alarm(MAX_SECONDS);
  double from = seconds();
  while (opened < wanted) {
    while (started < wanted && started - opened < PENDING) open_next();
    int ready = epoll_wait(loop, events, EVENTS, -1);
    for (int i = 0; i < ready; i++)
      if (events[i].events & EPOLLIN) hear(events[i].data.fd), opened++;
      else ask(events[i].data.fd);
  }
  printf("{\"connections\":%d,\"seconds\":%.4f}\n", opened, seconds() - from);
}
