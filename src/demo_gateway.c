#include "src/demo_gateway.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/demo_child.h"
#include "src/spawn.h"

#define INIT_OUTPUT 65536
#define STOP_MS 5000 /* it ends gpg, and says goodbye to the broker */

/* Beside this program, where it is built and where it may be installed; else wherever $PATH says. */
static enum mq_err
find_daemon(char out[PATH_MAX], struct mq_error *e)
{
	static const char *const beside[] = { "mqgpd", "../sbin/mqgpd" };
	char self[PATH_MAX], found[DEMO_FIND_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	enum mq_err r;
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
			int k = snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - self), self,
			    beside[i]);

			if (k > 0 && k < PATH_MAX && access(out, X_OK) == 0)
				return MQ_OK;
		}
	if ((r = demo_child_find("mqgpd", "mqgp", found, e)) == MQ_OK)
		(void)snprintf(out, PATH_MAX, "%s", found);
	return r;
}

/* ---- init */

static struct span
value_of(struct span text, const char *label)
{
	struct rd r = rd_of(text.p, text.n);
	struct span line;

	while (rd_line(&r, &line))
		if (span_starts(line, label)) {
			size_t n = strlen(label);

			while (n < line.n && line.p[n] == ' ')
				n++;
			return (struct span){ line.p + n, line.n - n };
		}
	return (struct span){ NULL, 0 };
}

static enum mq_err
read_init(struct demo_gateway *g, struct span said, struct mq_error *e)
{
	struct span id = value_of(said, "gateway:"), code = value_of(said, "claim code:");

	if (!conf_read_gateway(id, &g->id) || code.n == 0)
		return mq_fail(e, MQ_EFORMAT, "mqgpd init did not say what it made");
	g->code = secret_copy(code.p, code.n);
	return g->code.p != NULL ? MQ_OK : mq_fail(e, MQ_ENOMEM, "no memory for a claim code");
}

enum mq_err
demo_gateway_make(struct demo_gateway *g, const char *dir, unsigned number, const char *tree,
    bool openpgp, const char *url, struct mq_error *e)
{
	char daemon[PATH_MAX];
	const char *argv[] = { daemon, "init", "--state", g->dir, "--topic", tree, "--broker", url,
		openpgp ? NULL : "--no-openpgp", NULL };
	struct buf said;
	enum mq_err r;

	*g = (struct demo_gateway){ .tree = tree, .fifo = -1 };
	(void)snprintf(g->dir, sizeof g->dir, "%.*s/g%u", DEMO_DIR_MAX, dir, number);
	(void)snprintf(g->fifo_path, sizeof g->fifo_path, "%.*s/source%u", DEMO_DIR_MAX, dir,
	    number);
	if ((r = find_daemon(daemon, e)) != MQ_OK)
		return r;
	buf_init(&said, INIT_OUTPUT);
	if ((r = demo_child_ask(argv, NULL, &said, e)) == MQ_OK)
		r = read_init(g, buf_span(&said), e);
	buf_wipe(&said); /* the claim code was in it */
	if (r == MQ_OK && mkfifo(g->fifo_path, 0600) != 0)
		r = mq_fail_errno(e, MQ_EIO, "cannot make %s", g->fifo_path);
	return r;
}

/* ---- run */

enum mq_err
demo_gateway_start(struct demo_gateway *g, struct mq_error *e)
{
	char daemon[PATH_MAX], log[DEMO_PATH_MAX + 8];
	const char *argv[] = { daemon, "run", "--state", g->dir, "--source", g->fifo_path, NULL };
	struct demo_child c = { .argv = argv };
	enum mq_err r;

	if ((r = find_daemon(daemon, e)) != MQ_OK)
		return r;
	/* For reading too: so there always is a reader, and the open does not wait for one. */
	if ((g->fifo = open(g->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot open %s", g->fifo_path);
	(void)snprintf(log, sizeof log, "%s.log", g->dir);
	if ((c.out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot write %s", log);
	r = demo_child_start(&c, &g->pid, e);
	(void)close(c.out); /* the child has its own */
	return r;
}

void
demo_gateway_feed(struct demo_gateway *g, const char *subtopic, const char *value)
{
	char line[512];
	int n = snprintf(line, sizeof line, "%s\t%s\n", subtopic, value);

	/* Shorter than PIPE_BUF: a line goes whole or not at all. */
	if (g->fifo >= 0 && n > 0 && (size_t)n < sizeof line)
		(void)!write(g->fifo, line, (size_t)n); /* a full FIFO loses a reading, as it may */
}

void
demo_gateway_stop(struct demo_gateway *g)
{
	if (g->pid > 0)
		spawn_stop(g->pid, false, STOP_MS);
	if (g->fifo >= 0)
		(void)close(g->fifo);
	g->pid = 0;
	g->fifo = -1;
	secret_free(&g->code);
}
