/*
 * TLS against `openssl s_server`, with a CA and certificates that the openssl command makes here: verified, a
 * wrong name and an unknown issuer are refused, and nothing is sent to those. Skipped without that command.
 */
#include "fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/slimbid-tls-XXXXXX";
static bool have_openssl;

/* A CA, and a certificate of it for 127.0.0.1 (good) and for another name (other); a second CA (strange). */
static const char *const make_certificates[] = {
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=test CA' "
    "-keyout ca.key -out ca.pem",
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=strange CA' "
    "-keyout strange.key -out strange.pem",
    "openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
    "-subj '/CN=good' -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE "
    "-keyout good.key -out good.pem",
    "openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
    "-subj '/CN=other' -addext subjectAltName=DNS:other.example -addext basicConstraints=critical,CA:FALSE "
    "-keyout other.key -out other.pem",
};

static bool shell(const char *command) {
    char line[800];
    snprintf(line, sizeof line, "cd %s && { %s; } >/dev/null 2>&1", dir, command);
    return system(line) == 0;
}

static int make_all(void **state) {
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    have_openssl = shell("command -v openssl");
    for (size_t i = 0; have_openssl && i < COUNT_OF(make_certificates); i++)
        if (!shell(make_certificates[i]))
            return -1;
    return 0;
}

static int remove_all(void **state) {
    (void)state;
    char line[100];
    snprintf(line, sizeof line, "rm -r %s", dir);
    return system(line);
}

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool connects(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return ok;
}

/* Starts s_server with that certificate; it answers a GET with a page of its own. */
static pid_t server_start(const char *name, int port) {
    char accept[40];
    char cert[40];
    char key[40];
    snprintf(accept, sizeof accept, "127.0.0.1:%d", port);
    snprintf(cert, sizeof cert, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null < 0 || chdir(dir) != 0)
            _exit(127);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execlp("openssl", "openssl", "s_server", "-accept", accept, "-cert", cert, "-key", key, "-www",
               (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && !connects(port); i++)
        usleep(20000);
    return pid;
}

static struct told ask(struct fixture *f, const char *certificate, const char *host, const char *ca) {
    char url[100];
    char ca_file[100];
    char error[200] = "";
    int port = free_port();
    pid_t pid = server_start(certificate, port);
    snprintf(url, sizeof url, "https://%s:%d/", host, port);
    snprintf(ca_file, sizeof ca_file, "%s/%s.pem", dir, ca);
    f->options.url = url;
    f->options.ca_file = ca ? ca_file : NULL;
    f->options.connect_timeout_us = 5000000;
    struct outbound_target *target = outbound_target_create(f->outbound, &f->options, error, sizeof error);
    if (!target)
        fail_msg("%s", error);
    fixture_run_ms(f, 20); /* a name is looked up */
    struct told told = fixture_ask(f, target, NULL, 8000);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return told;
}

static void verified_is_answered(void **state) {
    if (!have_openssl)
        skip();
    struct told told = ask(*state, "good", "127.0.0.1", "ca");
    assert_int_equal(told.outcome, OUTBOUND_ANSWERED);
    assert_int_equal(told.status, 200);
    assert_non_null(strstr(told.body, "s_server"));
    assert_int_equal(fixture_threads(), 1);
}

static void wrong_name_is_refused(void **state) {
    if (!have_openssl)
        skip();
    assert_int_equal(ask(*state, "other", "127.0.0.1", "ca").outcome, OUTBOUND_TLS_FAILED);
}

static void name_of_the_url_is_what_is_verified(void **state) {
    if (!have_openssl)
        skip();
    /* localhost leads to the same server, whose certificate holds only the address */
    assert_int_equal(ask(*state, "good", "localhost", "ca").outcome, OUTBOUND_TLS_FAILED);
}

static void unknown_issuer_is_refused(void **state) {
    if (!have_openssl)
        skip();
    assert_int_equal(ask(*state, "good", "127.0.0.1", "strange").outcome, OUTBOUND_TLS_FAILED);
    assert_int_equal(ask(*state, "good", "127.0.0.1", NULL).outcome, OUTBOUND_TLS_FAILED); /* the system's */
}

static void missing_ca_file_is_tls_failed(void **state) {
    if (!have_openssl)
        skip();
    assert_int_equal(ask(*state, "good", "127.0.0.1", "no-such-file").outcome, OUTBOUND_TLS_FAILED);
}

static void plain_http_behind_https_is_tls_failed(void **state) {
    struct fixture *f = *state;
    char url[100];
    char error[200] = "";
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", f->server.port);
    f->options.url = url;
    struct outbound_target *target = outbound_target_create(f->outbound, &f->options, error, sizeof error);
    assert_non_null(target);
    f->options.url = NULL;
    /* the server waits for a request that never comes: the connect timeout ends it */
    assert_int_equal(fixture_ask(f, target, "{}", 5000).outcome, OUTBOUND_CONNECT_FAILED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(verified_is_answered),
        TEST(wrong_name_is_refused),
        TEST(name_of_the_url_is_what_is_verified),
        TEST(unknown_issuer_is_refused),
        TEST(missing_ca_file_is_tls_failed),
        TEST(plain_http_behind_https_is_tls_failed),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
