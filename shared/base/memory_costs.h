/*
 * What things that grow with traffic take, for charging them and for sizing (docs/memory.md).
 *
 * Sizes of libcurl's state are measured with libcurl 7.88.1, OpenSSL 3.0 and jemalloc 5.3, by
 *
 *   loadtest/bench/slow_server.py 9101 1.5 &
 *   outbound-memory http://127.0.0.1:9101/ 200 20
 *     handle 6,659 bytes; running with its connection 15,707; kept with its connection 9,565
 *   loadtest/bench/slow_server.py 9102 1.5 --tls &
 *   outbound-memory https://127.0.0.1:9102/ 200 20 CA_FILE
 *     handle 6,236 bytes; running with its connection 78,661; kept with its connection 58,140
 *
 * and rounded up by what a heap of such blocks wastes between them.
 */
#ifndef SLIMBID_BASE_MEMORY_COSTS_H
#define SLIMBID_BASE_MEMORY_COSTS_H

#include <stdint.h>

/* The kernel's structures of one TCP connection: socket, file, inode, dentry, epoll item. */
#define MEMORY_SOCKET_BYTES 4096u

/* Of a client's connection on our side, without the read buffer that a request in progress has. */
#define MEMORY_CLIENT_BYTES 1024u

/*
 * What the buffers of a socket may take: what waits to be read is charged by the kernel at twice its size at
 * most (small segments in large blocks), what waits to be sent may pass SO_SNDBUF by what one call puts
 * behind it. Both as given to setsockopt(), which doubles them.
 */
static inline uint64_t memory_socket_bytes(uint64_t receive_buffer, uint64_t send_buffer) {
    return MEMORY_SOCKET_BYTES + 2 * receive_buffer + 3 * send_buffer;
}

/* Of a call to a partner: its handle, kept or not; its connection, kept or not; what it takes besides while
 * it runs, the kernel's copy of a usual request included. Request and answer are charged by their size. */
#define MEMORY_HANDLE_BYTES         7168u
#define MEMORY_PLAIN_CONNECTION     (3072u + MEMORY_SOCKET_BYTES)
#define MEMORY_PLAIN_TRANSFER_BYTES (7168u + 4096u)
#define MEMORY_TLS_CONNECTION       (55296u + MEMORY_SOCKET_BYTES)
#define MEMORY_TLS_TRANSFER_BYTES   (22528u + 4096u)

#endif
