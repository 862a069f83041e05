#include "src/gw_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/wakeq.h"
#include "core/conf/topic.h"
#include "core/net/mqtt.h"
#include "core/wire/envelope.h"

#define READ_BYTES 65536
#define MESSAGES_A_TURN 256	/* so that control messages and signals get their turn */
#define PATIENCE_MS 10000	/* lines wait this long for the conf to be seen after a start */

struct source {
	struct source_options o;
	struct clock clock;
	int64_t opened_ms;
	char *filter;
	/* lines */
	int fd; /* -1: none, or at its end */
	bool own_fd, watched, too_long;
	struct buf line;
	uint64_t refused;
	/* a broker */
	struct mqtt *link;
	struct wakeq *data, *events;
	struct secret password;
	uint64_t evicted; /* already told */
};

/* ---- lines */

static void
refuse(struct source *s, const char *why)
{
	if (s->refused++ == 0) /* the first one is told, the rest counted */
		log_warn("a line of the source was dropped why=%s", why);
}

static void
take_line(struct source *s, struct span line)
{
	const uint8_t *tab = line.n != 0 ? memchr(line.p, '\t', line.n) : NULL;
	struct span topic, value;
	enum mq_err r;

	if (tab == NULL) {
		refuse(s, "no tab between subtopic and value");
		return;
	}
	topic = (struct span){ line.p, (size_t)(tab - line.p) };
	value = (struct span){ tab + 1, line.n - topic.n - 1 };
	r = gateway_data(s->o.gateway, topic, value, s->o.qos, s->o.retain);
	if (r != MQ_OK)
		refuse(s, r == MQ_ELIMIT ? "larger than max-payload" : "no topic to publish to");
}

/* Takes every whole line out of the buffer, and leaves the rest in it. */
static void
take_lines(struct source *s)
{
	struct rd r = rd_of(s->line.p, s->line.n);
	struct span line;
	size_t rest;

	while (rd_line(&r, &line)) {
		if (!s->too_long)
			take_line(s, line);
		s->too_long = false; /* its end was found */
	}
	rest = rd_left(&r);
	if (rest > SOURCE_LINE_MAX || s->too_long) {
		if (!s->too_long)
			refuse(s, "too long");
		s->too_long = true;
		rest = 0;
	}
	if (rest != 0)
		memmove(s->line.p, r.p, rest);
	s->line.n = rest;
}

static void
stop_reading(struct source *s)
{
	if (s->watched)
		loop_unwatch(s->o.loop, s->fd);
	s->watched = false;
}

static void
readable(void *arg, int fd, short revents)
{
	struct source *s = arg;
	uint8_t part[READ_BYTES];
	ssize_t n;

	(void)revents; /* an error shows itself in read */
	n = read(fd, part, sizeof part);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		log_warn("the source ended; the gateway goes on without values");
		gateway_note(s->o.gateway, GATEWAY_NOTE_SOURCE, "the source of values ended");
		stop_reading(s);
		if (s->own_fd)
			(void)close(fd); /* read only */
		s->fd = -1;
		return;
	}
	if (buf_put(&s->line, part, (size_t)n) != MQ_OK) {
		refuse(s, "no memory");
		buf_reset(&s->line);
		s->too_long = true;
		return;
	}
	take_lines(s);
}

static enum mq_err
open_lines(struct source *s, struct mq_error *e)
{
	struct stat st;

	if (strcmp(s->o.what, "-") == 0) {
		s->fd = STDIN_FILENO;
		return MQ_OK;
	}
	if (stat(s->o.what, &st) != 0)
		return mq_fail_errno(e, MQ_ENOENT, "the source %.200s cannot be opened", s->o.what);
	/* Read and write: a FIFO whose last writer leaves does not end. */
	s->fd = open(s->o.what, (S_ISFIFO(st.st_mode) ? O_RDWR | O_NONBLOCK : O_RDONLY) | O_CLOEXEC);
	if (s->fd < 0)
		return mq_fail_errno(e, MQ_EIO, "the source %.200s cannot be opened", s->o.what);
	s->own_fd = true;
	return MQ_OK;
}

/* After a start the conf is not seen for a moment: lines can wait for it, for a while. */
static bool
may_read(const struct source *s)
{
	struct gateway_view v;

	gateway_look(s->o.gateway, &v);
	if (v.state == GS_AWAIT && clock_mono_ms(&s->clock) - s->opened_ms < PATIENCE_MS)
		return false;
	return gateway_wants_data(s->o.gateway);
}

static void
turn_lines(struct source *s)
{
	bool want = s->fd >= 0 && may_read(s);

	if (want == s->watched)
		return;
	if (!want)
		stop_reading(s);
	else
		s->watched = loop_watch(s->o.loop, s->fd, POLLIN, readable, s) == MQ_OK;
}

/* ---- a broker */

enum mq_err
source_split(const char *what, char **url, char **filter, struct mq_error *e)
{
	const char *host = strstr(what, "://"), *slash = host != NULL ? strchr(host + 3, '/') : NULL;

	if (slash == NULL || slash[1] == 0 || !topic_filter_ok(span_of(slash + 1)))
		return mq_fail(e, MQ_EINVAL,
		    "a broker as source needs a topic filter behind it: mqtt://HOST:PORT/plant/#");
	*url = span_dup((struct span){ (const uint8_t *)what, (size_t)(slash - what) });
	*filter = span_dup(span_of(slash + 1));
	if (*url != NULL && *filter != NULL)
		return MQ_OK;
	free(*url);
	free(*filter);
	*url = *filter = NULL;
	return mq_fail(e, MQ_ENOMEM, "no memory for the source");
}

struct span
source_subtopic(struct span filter, struct span topic)
{
	size_t fixed = 0, from = 0;

	while (fixed < filter.n && filter.p[fixed] != '+' && filter.p[fixed] != '#')
		fixed++;
	if (fixed < filter.n && fixed < topic.n) {
		from = fixed; /* a wildcard begins a level, so this ends with a slash */
	} else {
		for (size_t i = 0; i < topic.n; i++)
			if (topic.p[i] == '/' && i + 1 < topic.n)
				from = i + 1;
	}
	return (struct span){ topic.p + from, topic.n - from };
}

static void
take_message(struct source *s, const struct mqtt_message *m)
{
	struct span topic = { m->topic, m->topic_n }, value = { m->payload, m->n };
	enum mq_err r;

	if (topic_below(topic, s->o.tree) || env_has_magic(value))
		return; /* our own output, or another gateway's: protected already */
	r = gateway_data(s->o.gateway, source_subtopic(span_of(s->filter), topic), value, s->o.qos,
	    s->o.retain || m->retained);
	if (r != MQ_OK)
		refuse(s, r == MQ_ELIMIT ? "larger than max-payload" : "no topic to publish to");
}

static void
messages(void *arg, int fd, short revents)
{
	struct source *s = arg;
	struct mqtt_message *m;

	(void)fd;
	(void)revents;
	for (int i = 0; i < MESSAGES_A_TURN && (m = wakeq_take(s->data)) != NULL; i++) {
		take_message(s, m);
		free(m);
	}
}

static void
link_events(void *arg, int fd, short revents)
{
	struct source *s = arg;
	struct mqtt_event *ev;

	(void)fd;
	(void)revents;
	while ((ev = wakeq_take(s->events)) != NULL) {
		if (ev->kind == MQTT_EVENT_CONNECTED)
			gateway_note(s->o.gateway, GATEWAY_NOTE_SOURCE, "");
		else if (ev->kind == MQTT_EVENT_LOST || ev->kind == MQTT_EVENT_REFUSED)
			gateway_note(s->o.gateway, GATEWAY_NOTE_SOURCE,
			    "the broker that is the source cannot be reached");
		else if (ev->kind == MQTT_EVENT_DENIED)
			gateway_note(s->o.gateway, GATEWAY_NOTE_SOURCE,
			    "the broker that is the source denies the subscription");
		if (ev->kind != MQTT_EVENT_PUBLISHED && ev->kind != MQTT_EVENT_CERTIFICATE)
			log_info("source %s: %s", mqtt_event_name(ev->kind), ev->words);
		free(ev);
	}
}

static enum mq_err
read_password(struct source *s, struct mq_error *e)
{
	struct buf b;
	enum mq_err r;

	if (s->o.password_file == NULL)
		return MQ_OK;
	buf_init(&b, 4096);
	if ((r = file_read_private(s->o.password_file, &b, e)) == MQ_OK) {
		while (b.n != 0 && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
			b.n--;
		s->password = secret_copy(b.p, b.n);
		if (s->password.p == NULL)
			r = mq_fail(e, MQ_ENOMEM, "no memory for the source's password");
	}
	buf_wipe(&b);
	return r;
}

static enum mq_err
start_link(struct source *s, const char *url, struct mq_error *e)
{
	struct mqtt_options mo = { .urls = &url, .urls_n = 1, .user = s->o.user, .clock = s->clock };
	struct mqtt_filter f = { span_of(s->filter), s->o.qos };
	enum mq_err r;

	s->data = wakeq_new(SOURCE_QUEUE, SOURCE_QUEUE_BYTES, true, free);
	s->events = wakeq_new(2 * MQTT_OUT_MAX, 1U << 22, true, free);
	if (s->data == NULL || s->events == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the source");
	mo.q = (struct mqtt_queues){ s->data, NULL, s->events };
	mo.password = s->password.p != NULL ? &s->password : NULL;
	mo.tls.ca_file = s->o.ca;
	if ((r = mqtt_new(&s->link, &mo, e)) != MQ_OK)
		return r;
	if ((r = mqtt_subscribe(s->link, &f, 1)) != MQ_OK)
		return mq_fail(e, r, "%.200s is not a topic filter", s->filter);
	if ((r = loop_watch(s->o.loop, wakeq_fd(s->data), POLLIN, messages, s)) != MQ_OK ||
	    (r = loop_watch(s->o.loop, wakeq_fd(s->events), POLLIN, link_events, s)) != MQ_OK)
		return mq_fail(e, r, "too many descriptors");
	return mqtt_start(s->link, e);
}

static enum mq_err
open_broker(struct source *s, struct mq_error *e)
{
	char *url = NULL;
	enum mq_err r;

	if ((r = source_split(s->o.what, &url, &s->filter, e)) != MQ_OK)
		return r;
	if ((r = read_password(s, e)) == MQ_OK)
		r = start_link(s, url, e);
	free(url);
	return r;
}

static void
turn_broker(struct source *s)
{
	uint64_t evicted = wakeq_evicted(s->data);

	if (evicted == s->evicted)
		return;
	gateway_lost(s->o.gateway, evicted - s->evicted);
	s->evicted = evicted;
}

/* ---- both */

enum mq_err
source_open(struct source **out, const struct source_options *o, struct mq_error *e)
{
	struct source *s = calloc(1, sizeof *s);
	enum mq_err r;

	if (s == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the source");
	s->o = *o;
	s->fd = -1;
	s->clock = clock_real();
	s->opened_ms = clock_mono_ms(&s->clock);
	buf_init(&s->line, SOURCE_LINE_MAX + READ_BYTES + 1);
	r = strstr(o->what, "://") != NULL ? open_broker(s, e) : open_lines(s, e);
	if (r != MQ_OK)
		source_close(s);
	else
		*out = s;
	return r;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	stop_reading(s);
	if (s->own_fd && s->fd >= 0)
		(void)close(s->fd); /* read only */
	if (s->data != NULL)
		loop_unwatch(s->o.loop, wakeq_fd(s->data));
	if (s->events != NULL)
		loop_unwatch(s->o.loop, wakeq_fd(s->events));
	if (s->refused > 1)
		log_warn("lines or messages of the source were dropped n=%llu",
		    (unsigned long long)s->refused);
	mqtt_free(s->link);
	wakeq_free(s->data);
	wakeq_free(s->events);
	secret_free(&s->password);
	buf_done(&s->line);
	free(s->filter);
	free(s);
}

void
source_turn(struct source *s)
{
	if (s->link != NULL)
		turn_broker(s);
	else
		turn_lines(s);
}
