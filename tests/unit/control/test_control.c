/* The control line: whole messages with their descriptors, and packets of somebody who means ill. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/control.h"

static unsigned open_descriptors(void) {
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int a_file(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* What a sender can make of a packet: any bytes, any number of descriptors. */
static void send_raw(int line, const void *bytes, size_t n, const int *fds, uint32_t count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(16 * sizeof(int))];
    } space = {.bytes = {0}};
    struct iovec piece = {(void *)bytes, n};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    if (count) {
        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        space.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&space.header), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(line, &header, MSG_NOSIGNAL), (ssize_t)n);
}

static const uint32_t fds_of_type[CONTROL_TYPES] = {
    [CONTROL_TABLE] = 1, [CONTROL_QUEUE] = 3, [CONTROL_WORKER] = 4};

static void messages_arrive_whole_and_in_order(void **state) {
    (void)state;
    int line[2];
    unsigned before = open_descriptors();
    assert_int_equal(control_pair(line), 0);
    int file = a_file();
    for (uint32_t type = CONTROL_TABLE; type < CONTROL_TYPES; type++) {
        struct control_message message = {.type = type,
                                          .index = type + 10,
                                          .generation = type + 20,
                                          .fds = {file, file, file, file},
                                          .fd_count = fds_of_type[type]};
        assert_int_equal(control_send(line[0], &message), 0);
    }
    for (uint32_t type = CONTROL_TABLE; type < CONTROL_TYPES; type++) {
        struct control_message message;
        assert_int_equal(control_receive(line[1], &message), 1);
        assert_int_equal(message.type, type);
        assert_int_equal(message.index, type + 10);
        assert_int_equal(message.generation, type + 20);
        assert_int_equal(message.fd_count, fds_of_type[type]);
        for (uint32_t i = 0; i < message.fd_count; i++) {
            struct stat sent, got;
            assert_true(fcntl(message.fds[i], F_GETFD) & FD_CLOEXEC);
            assert_int_equal(fstat(file, &sent), 0);
            assert_int_equal(fstat(message.fds[i], &got), 0);
            assert_true(sent.st_rdev == got.st_rdev && sent.st_ino == got.st_ino);
        }
        control_close_fds(&message);
    }
    struct control_message none;
    assert_int_equal(control_receive(line[1], &none), 0);
    close(line[0]);
    assert_int_equal(control_receive(line[1], &none), -1);
    close(line[1]);
    close(file);
    assert_int_equal(open_descriptors(), before);
}

static void a_message_with_other_descriptors_is_not_sent(void **state) {
    (void)state;
    int line[2];
    assert_int_equal(control_pair(line), 0);
    for (uint32_t type = 0; type <= CONTROL_TYPES; type++)
        for (uint32_t count = 0; count <= CONTROL_MOST_FDS; count++) {
            bool good = type >= CONTROL_TABLE && type < CONTROL_TYPES && count == fds_of_type[type];
            struct control_message message = {.type = type, .fd_count = count};
            if (good)
                continue;
            assert_int_equal(control_send(line[0], &message), -1);
            assert_int_equal(errno, EINVAL);
        }
    close(line[0]);
    close(line[1]);
}

/* Each packet breaks the line, and nothing that came with it stays open. */
static void hostile_packets_are_refused(void **state) {
    (void)state;
    int line[2];
    assert_int_equal(control_pair(line), 0);
    int file = a_file();
    const int files[16] = {file, file, file, file, file, file, file, file,
                           file, file, file, file, file, file, file, file};
    uint32_t good[4] = {0}, packet[5];
    struct control_message message = {.type = CONTROL_READY};
    assert_int_equal(control_send(line[0], &message), 0);
    assert_int_equal(recv(line[1], good, sizeof good, 0), sizeof good);
    unsigned before = open_descriptors();
    for (uint32_t count = 0; count <= 16; count++)
        for (uint32_t type = 0; type < CONTROL_TYPES + 2; type++) {
            memcpy(packet, good, sizeof good);
            packet[1] = type;
            bool is_good = type >= 1 && type < CONTROL_TYPES && fds_of_type[type] == count;
            if (is_good)
                continue;
            send_raw(line[0], packet, sizeof good, files, count);
            assert_int_equal(control_receive(line[1], &message), -1);
            assert_int_equal(open_descriptors(), before);
        }
    static const size_t lengths[] = {1, 4, 15, 17, 20};
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (uint32_t count = 0; count < 6; count++) {
            memcpy(packet, good, sizeof good);
            packet[1] = CONTROL_TABLE;
            send_raw(line[0], packet, lengths[i], files, count);
            assert_int_equal(control_receive(line[1], &message), -1);
        }
    memcpy(packet, good, sizeof good);
    packet[0] ^= 1;
    send_raw(line[0], packet, sizeof good, NULL, 0);
    assert_int_equal(control_receive(line[1], &message), -1);
    assert_int_equal(open_descriptors(), before);
    close(file);
    close(line[0]);
    close(line[1]);
}

static void a_line_that_nobody_reads_says_so(void **state) {
    (void)state;
    int line[2];
    assert_int_equal(control_pair(line), 0);
    struct control_message message = {.type = CONTROL_GENERATION, .generation = 1};
    int sent = 0;
    while (sent < 1000000 && control_send(line[0], &message) == 0)
        sent++;
    assert_int_equal(errno, EAGAIN);
    assert_true(sent > 8); /* room for some reloads while a child is busy */
    assert_int_equal(control_receive(line[1], &message), 1);
    close(line[1]);
    assert_int_equal(control_send(line[0], &message), -1);
    assert_true(errno == EPIPE || errno == ECONNRESET); /* the latter while something lies there unread */
    close(line[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_whole_and_in_order),
        cmocka_unit_test(a_message_with_other_descriptors_is_not_sent),
        cmocka_unit_test(hostile_packets_are_refused),
        cmocka_unit_test(a_line_that_nobody_reads_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
