/* One packet, one message, descriptors beside it; see control.h. */
#include "control/control.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_MAGIC 0x6c746373u /* "sctl" */

struct packet {
    uint32_t magic;
    uint32_t type;
    uint32_t index;
    uint32_t generation;
};
static_assert(sizeof(struct packet) == 16, "packet has no holes");

union fd_space { /* of a message's descriptors, aligned as the kernel wants it */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(CONTROL_MOST_FDS * sizeof(int))];
};

static bool fds_fit(uint32_t type, uint32_t count) {
    switch ((enum control_type)type) {
    case CONTROL_TABLE:
        return count == 1;
    case CONTROL_QUEUE:
        return count == 3;
    case CONTROL_WORKER:
        return count == 4;
    case CONTROL_READY:
    case CONTROL_REFUSED:
    case CONTROL_FAULT:
    case CONTROL_GENERATION:
    case CONTROL_RELOAD:
        return count == 0;
    case CONTROL_TYPES:
        break;
    }
    return false;
}

int control_pair(int fds[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
}

int control_send(int fd, const struct control_message *message) {
    if (!fds_fit(message->type, message->fd_count)) {
        errno = EINVAL;
        return -1;
    }
    struct packet packet = {CONTROL_MAGIC, message->type, message->index, message->generation};
    struct iovec piece = {&packet, sizeof packet};
    union fd_space space = {.bytes = {0}};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    if (message->fd_count) {
        size_t n = message->fd_count * sizeof(int);
        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_SPACE(n);
        space.header =
            (struct cmsghdr){.cmsg_len = CMSG_LEN(n), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&space.header), message->fds, n);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof packet ? 0 : -1;
}

void control_close_fds(struct control_message *message) {
    for (uint32_t i = 0; i < message->fd_count; i++)
        close(message->fds[i]);
    message->fd_count = 0;
}

/* Descriptors that came, all of them: whatever is wrong with the packet, they are ours now. The space takes
 * CONTROL_MOST_FDS; the kernel closes what is beyond and says MSG_CTRUNC. */
static void take_fds(struct msghdr *header, struct control_message *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && message->fd_count < CONTROL_MOST_FDS; i++)
            memcpy(&message->fds[message->fd_count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

int control_receive(int fd, struct control_message *message) {
    struct packet packet = {0};
    struct iovec piece = {&packet, sizeof packet};
    union fd_space space = {.bytes = {0}};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    *message = (struct control_message){.fds = {-1, -1, -1, -1}};
    ssize_t n;
    do
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    take_fds(&header, message);
    if (n != (ssize_t)sizeof packet || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
        packet.magic != CONTROL_MAGIC || !fds_fit(packet.type, message->fd_count)) {
        control_close_fds(message);
        return -1;
    }
    message->type = packet.type;
    message->index = packet.index;
    message->generation = packet.generation;
    return 1;
}
