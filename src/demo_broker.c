#include "src/demo_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/file.h"
#include "src/demo_child.h"
#include "src/demo_place.h"
#include "src/spawn.h"

#define PORTS_TRIED 5 /* somebody may take the port between our bind and mosquitto's */
#define ANSWER_MS 10000
#define NAP_MS 20
#define STOP_MS 3000

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static uint16_t
free_port(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		(void)close(fd); /* never connected */
	return port;
}

static bool
answers(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

	if (fd >= 0)
		(void)close(fd); /* nothing was sent */
	return yes;
}

static enum mq_err
write_conf(const struct demo_broker *b, const char *path, struct mq_error *e)
{
	char text[256];
	int n = snprintf(text, sizeof text,
	    "user root\n" /* matters only to root, whose files mosquitto could not read otherwise */
	    "listener %u 127.0.0.1\n"
	    "allow_anonymous true\n"
	    "persistence false\n"
	    "max_queued_messages 0\n",
	    b->port);

	return file_write(path, text, (size_t)n, e);
}

/* MQ_EAGAIN: it ended, most likely because the port was taken. */
static enum mq_err
wait_answer(const struct demo_broker *b, struct mq_error *e)
{
	int code;

	for (int ms = 0; ms < ANSWER_MS; ms += NAP_MS) {
		if (answers(b->port))
			return MQ_OK;
		if (spawn_wait(b->pid, 0, &code, NULL) == MQ_OK)
			return mq_fail(e, MQ_EAGAIN, "mosquitto ended with status %d", code);
		(void)poll(NULL, 0, NAP_MS);
	}
	spawn_stop(b->pid, false, STOP_MS);
	return mq_fail(e, MQ_ETIMEOUT, "mosquitto does not answer on port %u", b->port);
}

static enum mq_err
try_port(struct demo_broker *b, const char *program, const char *dir, struct mq_error *e)
{
	char conf[DEMO_PATH_MAX], log[DEMO_PATH_MAX];
	const char *argv[] = { program, "-c", conf, NULL };
	struct demo_child c = { .argv = argv };
	enum mq_err r;

	(void)snprintf(conf, sizeof conf, "%.*s/mosquitto.conf", DEMO_DIR_MAX, dir);
	(void)snprintf(log, sizeof log, "%.*s/mosquitto.log", DEMO_DIR_MAX, dir);
	if ((b->port = free_port()) == 0)
		return mq_fail_errno(e, MQ_EIO, "there is no free port on 127.0.0.1");
	(void)snprintf(b->url, sizeof b->url, "mqtt://127.0.0.1:%u", b->port);
	if ((r = write_conf(b, conf, e)) != MQ_OK)
		return r;
	if ((c.out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot write %s", log);
	if ((r = demo_child_start(&c, &b->pid, e)) == MQ_OK && (r = wait_answer(b, e)) != MQ_OK)
		b->pid = 0;
	(void)close(c.out); /* the child has its own */
	return r;
}

enum mq_err
demo_broker_start(struct demo_broker *b, const char *dir, struct mq_error *e)
{
	char program[DEMO_FIND_MAX];
	enum mq_err r;

	memset(b, 0, sizeof *b);
	if ((r = demo_child_find("mosquitto", "mosquitto", program, e)) != MQ_OK)
		return r;
	for (int i = 0; i < PORTS_TRIED; i++)
		if ((r = try_port(b, program, dir, e)) != MQ_EAGAIN)
			break;
	return r;
}

void
demo_broker_stop(struct demo_broker *b)
{
	if (b->pid > 0)
		spawn_stop(b->pid, false, STOP_MS);
	b->pid = 0;
}
