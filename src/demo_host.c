#include "src/demo_host.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LEAVE_MS 5000 /* a dashboard saves its windows before it goes */
#define ANSWER_MS 5000 /* the outsider's first attack makes a key */

static bool
address_of(struct sockaddr_un *a, const char *dir)
{
	int n;

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(a->sun_path, sizeof a->sun_path, "%s/door", dir);
	return n > 0 && (size_t)n < sizeof a->sun_path;
}

/* ---- attacks */

static enum mq_err
launch(struct demo_world *w, const struct demo_attack *a, struct mq_error *e)
{
	struct demo_staged s;
	enum mq_err r = demo_attack_stage(a, w->wire, &w->outsider, &s, e);

	if (r == MQ_OK)
		r = demo_wire_publish(w->wire, span_of(s.topic), buf_span(&s.payload), s.retain, e);
	demo_staged_done(&s);
	return r;
}

static void
answer(const struct demo_host *h, int fd, uint8_t number)
{
	char text[DEMO_ANSWER_MAX];
	struct mq_error e = { 0 };

	if (number >= DEMO_ATTACKS)
		(void)snprintf(text, sizeof text, "-there is no such attack");
	else if (launch(h->world, &demo_attacks[number], &e) == MQ_OK)
		(void)snprintf(text, sizeof text, "+sent; look for %s at %s",
		    verdict_code(demo_attacks[number].verdict), demo_attacks[number].look);
	else
		(void)snprintf(text, sizeof text, "-%.190s", e.text);
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT); /* gone: its hang-up comes */
}

/* ---- callers */

static void
drop(struct demo_host *h, size_t i)
{
	loop_unwatch(h->world->loop, h->caller[i]);
	(void)close(h->caller[i]);
	h->caller[i] = -1;
}

static void
on_caller(void *arg, int fd, short revents)
{
	struct demo_host *h = arg;
	uint8_t number;
	ssize_t n = recv(fd, &number, 1, MSG_DONTWAIT);

	(void)revents;
	if (n == 1) {
		answer(h, fd, number);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (size_t i = 0; i < DEMO_CALLERS_MAX; i++)
		if (h->caller[i] == fd)
			drop(h, i);
}

static void
on_door(void *arg, int door, short revents)
{
	struct demo_host *h = arg;
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	size_t i = 0;

	(void)revents;
	while (i < DEMO_CALLERS_MAX && h->caller[i] >= 0)
		i++;
	if (fd < 0)
		return;
	if (i == DEMO_CALLERS_MAX ||
	    loop_watch(h->world->loop, fd, POLLIN, on_caller, h) != MQ_OK) {
		(void)close(fd); /* too many: it sees a demo that is over */
		return;
	}
	h->caller[i] = fd;
}

enum mq_err
demo_host_open(struct demo_host *h, struct demo_world *w, struct mq_error *e)
{
	struct sockaddr_un a;

	h->world = w;
	for (size_t i = 0; i < DEMO_CALLERS_MAX; i++)
		h->caller[i] = -1;
	if (!address_of(&a, w->place.dir))
		return mq_fail(e, MQ_ELIMIT, "the demo's folder has too long a name");
	h->door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->door < 0 || bind(h->door, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(h->door, DEMO_CALLERS_MAX) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot open %s", a.sun_path);
	return loop_watch(w->loop, h->door, POLLIN, on_door, h);
}

/* Each caller closes its end when it is done. */
static void
wait_for_leaving(const struct demo_host *h)
{
	struct pollfd fd[DEMO_CALLERS_MAX];
	const struct clock clock = clock_real();
	int64_t end = clock_mono_ms(&clock) + LEAVE_MS, left;
	size_t n = 0;

	for (size_t i = 0; i < DEMO_CALLERS_MAX; i++)
		if (h->caller[i] >= 0)
			fd[n++] = (struct pollfd){ .fd = h->caller[i], .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		while ((left = end - clock_mono_ms(&clock)) > 0 && poll(&fd[i], 1, (int)left) >= 0 &&
		    (fd[i].revents & POLLHUP) == 0)
			continue;
}

void
demo_host_close(struct demo_host *h)
{
	if (h->world == NULL)
		return;
	for (size_t i = 0; i < DEMO_CALLERS_MAX; i++)
		if (h->caller[i] >= 0)
			(void)shutdown(h->caller[i], SHUT_WR); /* they see the end of file */
	wait_for_leaving(h);
	for (size_t i = 0; i < DEMO_CALLERS_MAX; i++)
		if (h->caller[i] >= 0)
			drop(h, i);
	if (h->door >= 0) {
		loop_unwatch(h->world->loop, h->door);
		(void)close(h->door);
	}
	h->world = NULL;
}

/* ---- the other end */

enum mq_err
demo_call(const char *dir, int *fd, struct mq_error *e)
{
	struct sockaddr_un a;
	enum mq_err r;

	if (!address_of(&a, dir))
		return mq_fail(e, MQ_ELIMIT, "the demo's folder has too long a name");
	if ((*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make a socket");
	if (connect(*fd, (struct sockaddr *)&a, sizeof a) == 0)
		return MQ_OK;
	r = errno == ENOENT ? mq_fail(e, MQ_ENOENT, "the demo is still starting; try again in a "
			      "moment") : mq_fail_errno(e, MQ_EIO, "the demo does not answer");
	(void)close(*fd);
	*fd = -1;
	return r;
}

enum mq_err
demo_ask(int fd, size_t attack, char answer_text[DEMO_ANSWER_MAX], struct mq_error *e)
{
	uint8_t number = (uint8_t)attack;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[DEMO_ANSWER_MAX];
	ssize_t n;

	if (send(fd, &number, 1, MSG_NOSIGNAL) != 1 || poll(&p, 1, ANSWER_MS) != 1 ||
	    (n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT)) < 1)
		return mq_fail(e, MQ_EIO, "the demo does not answer");
	text[n] = '\0';
	if (text[0] != '+')
		return mq_fail(e, MQ_EAGAIN, "%s", text + 1);
	(void)snprintf(answer_text, DEMO_ANSWER_MAX, "%s", text + 1);
	return MQ_OK;
}
