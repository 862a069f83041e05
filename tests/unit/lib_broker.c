#include "tests/unit/lib_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"

#define ARGS_MAX 24
#define ANSWER_TRIES 500 /* of 20 ms: a loaded machine under a sanitizer */

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

uint16_t
free_port(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		(void)close(fd);
	return port;
}

/* Runs a command without a shell; its output goes to log. */
static pid_t
spawn(const char *const argv[], const char *log)
{
	char *args[ARGS_MAX];
	sigset_t none;
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* no broker outlives a test that crashed */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	(void)close_range(3, ~0U, 0);	 /* the broker must not hold the test's sockets open */
	memcpy(args, argv, sizeof args); /* execv does not write to them */
	(void)execvp(args[0], args);
	(void)execv("/usr/sbin/mosquitto", args); /* sbin is not in everybody's path */
	_exit(127);
}

static bool
run(const char *const argv[], const char *log)
{
	pid_t pid = spawn(argv, log);
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
}

#define RUN(log, ...) run((const char *const[ARGS_MAX]){ __VA_ARGS__ }, log)

const char *
broker_file(const struct broker *b, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", b->dir, name);
	return out;
}

static const char *
in(const char *dir, const char *name, const char *suffix, char out[160])
{
	(void)snprintf(out, 160, "%s/%s%s", dir, name, suffix);
	return out;
}

static bool
make_ca(const char *dir, const char *log)
{
	char key[160], pem[160];

	if (file_exists(in(dir, "ca", ".pem", pem)))
		return true;
	return RUN(log, "openssl", "req", "-x509", "-newkey",
	    "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
	    "-days", "30", "-subj", "/CN=Test CA",
	    "-keyout", in(dir, "ca", ".key", key), "-out", pem);
}

bool
make_certificate(const char *dir, const char *name, const char *alt_names, const char *passphrase)
{
	char key[160], csr[160], pem[160], ext[160], ca[160], ca_key[160], log[160], subject[80];
	char pass[80], line[160];

	in(dir, name, ".key", key);
	in(dir, name, ".csr", csr);
	in(dir, name, ".pem", pem);
	in(dir, name, ".ext", ext);
	in(dir, "ca", ".pem", ca);
	in(dir, "ca", ".key", ca_key);
	in(dir, "openssl", ".log", log);
	(void)snprintf(subject, sizeof subject, "/O=mqgp tests/CN=%s", name);
	(void)snprintf(pass, sizeof pass, "pass:%s", passphrase != NULL ? passphrase : "");
	(void)snprintf(line, sizeof line, "subjectAltName=%s\n", alt_names);
	return make_ca(dir, log) &&
	    file_write(ext, line, strlen(line), NULL) == MQ_OK &&
	    RUN(log, "openssl", "req", "-newkey", "ec",
		"-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject,
		"-keyout", key, "-out", csr,
		passphrase != NULL ? "-passout" : "-nodes",
		passphrase != NULL ? pass : NULL) &&
	    RUN(log, "openssl", "x509", "-req", "-in", csr,
		"-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
		"-days", "30", "-extfile", ext, "-out", pem);
}

static bool
answers(const struct broker *b)
{
	struct sockaddr_in a = loopback(b->port);

	for (int i = 0; i < ANSWER_TRIES; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

		if (fd >= 0)
			(void)close(fd);
		if (ok)
			return true;
		if (waitpid(b->pid, NULL, WNOHANG) != 0)
			return false;
		(void)poll(NULL, 0, 20);
	}
	return false;
}

static bool
launch(struct broker *b)
{
	char conf[128], log[128];

	b->pid = spawn((const char *const[ARGS_MAX]){ "mosquitto", "-c",
	    broker_file(b, "mosquitto.conf", conf) },
	    broker_file(b, "mosquitto.log", log));
	return b->pid > 0 && answers(b);
}

static bool
write_conf(struct broker *b, const struct broker_options *o)
{
	char path[128];
	struct buf t;
	bool ok;

	buf_init(&t, 8192);
	/* "user" matters only when root runs the tests */
	(void)buf_printf(&t, "user root\nlistener %u 127.0.0.1\npersistence false\nlog_type all\n"
	    "max_queued_messages 0\nallow_anonymous %s\n", b->port, o->user == NULL ? "true" : "false");
	if (o->user != NULL)
		(void)buf_printf(&t, "password_file %s/users\n", b->dir);
	if (o->acl != NULL)
		(void)buf_printf(&t, "acl_file %s/acl\n", b->dir);
	if (o->tls)
		(void)buf_printf(&t, "cafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\n"
		    "require_certificate %s\n", b->dir, b->dir, b->dir,
		    o->client_certs ? "true" : "false");
	if (o->extra != NULL)
		(void)buf_puts(&t, o->extra);
	ok = t.err == MQ_OK &&
	    file_write(broker_file(b, "mosquitto.conf", path), t.p, t.n, NULL) == MQ_OK;
	buf_done(&t);
	return ok;
}

static bool
prepare(struct broker *b, const struct broker_options *o)
{
	char path[128], log[128];

	broker_file(b, "setup.log", log);
	if (o->tls && !make_certificate(b->dir, "server",
	    o->names != NULL ? o->names : "DNS:localhost,IP:127.0.0.1", NULL))
		return false;
	if (o->client_certs && !make_certificate(b->dir, "client", "DNS:client", "open sesame"))
		return false;
	if (o->user != NULL &&
	    (file_write(broker_file(b, "users", path), "", 0, NULL) != MQ_OK ||
		!RUN(log, "mosquitto_passwd", "-b", path, o->user,
		    o->password)))
		return false;
	return o->acl == NULL ||
	    file_write(broker_file(b, "acl", path), o->acl, strlen(o->acl), NULL) == MQ_OK;
}

bool
broker_start(struct broker *b, const struct broker_options *o)
{
	memset(b, 0, sizeof *b);
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/mqgp-XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		return false;
	b->port = free_port();
	(void)snprintf(b->url, sizeof b->url, o->tls ? "mqtts://localhost:%u" : "mqtt://127.0.0.1:%u",
	    b->port);
	if (prepare(b, o) && write_conf(b, o) && launch(b))
		return true;
	broker_stop(b);
	return false;
}

void
broker_kill(struct broker *b)
{
	if (b->pid > 0) {
		(void)kill(b->pid, SIGKILL);
		(void)waitpid(b->pid, NULL, 0);
	}
	b->pid = 0;
}

bool
broker_restart(struct broker *b)
{
	return launch(b);
}

void
broker_stop(struct broker *b)
{
	if (b->pid > 0) {
		(void)kill(b->pid, SIGTERM);
		(void)waitpid(b->pid, NULL, 0);
	}
	b->pid = 0;
	if (b->dir[0] != 0)
		(void)file_remove_tree(b->dir, NULL);
	b->dir[0] = 0;
}
