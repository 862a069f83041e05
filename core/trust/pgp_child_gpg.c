#include "core/trust/pgp_child_gpg.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENGINE_INFO_S 15 /* `gpg --version` inside GPGME cannot be interrupted: SIGALRM ends us */
#define TICK_MS 1000	 /* how late a deadline may be noticed at worst */

/* ---- the loop */

static gpgme_error_t
fd_add(void *arg, int fd, int dir, gpgme_io_cb_t call, void *call_arg, void **tag)
{
	struct gpg *g = arg;

	for (size_t i = 0; i < GPG_FDS_MAX; i++) {
		if (g->fd[i].fd >= 0)
			continue;
		g->fd[i] = (struct gpg_fd){ fd, dir == 0, call, call_arg };
		*tag = &g->fd[i];
		return 0;
	}
	return gpgme_error(GPG_ERR_TOO_MANY);
}

static void
fd_remove(void *tag)
{
	struct gpg_fd *slot = tag;

	slot->fd = -1;
}

static void
on_key(struct gpg *g, gpgme_key_t key)
{
	if (g->each != NULL && g->each_err == MQ_OK)
		g->each_err = g->each(g->each_arg, key);
	gpgme_key_unref(key);
}

static void
on_event(void *arg, gpgme_event_io_t type, void *data)
{
	struct gpg *g = arg;

	if (type == GPGME_EVENT_NEXT_KEY) {
		on_key(g, data);
	} else if (type == GPGME_EVENT_DONE) {
		const struct gpgme_io_event_done_data *d = data;

		g->done = true;
		g->result = d->err != 0 ? d->err : d->op_err;
	}
}

static gpgme_error_t
on_status(void *arg, const char *word, const char *args)
{
	struct gpg *g = arg;

	pgp_status_line(&g->status, word, args);
	return 0;
}

/* A pinentry outlives its gpg and would go on reading the keys of the terminal. */
static void
end_pinentry(struct gpg *g)
{
	if (g->status.pinentry_pid > 1)
		(void)kill((pid_t)g->status.pinentry_pid, SIGTERM); /* it may be gone already */
}

static void
give_up(struct gpg *g, gpgme_error_t why)
{
	(void)gpgme_cancel(g->ctx); /* calls on_event; the reason is ours */
	end_pinentry(g);
	g->done = true;
	g->result = why;
}

/* Collects what to poll: the pipes, and last the parent, whose silence is what we wait for. */
static nfds_t
poll_set(const struct gpg *g, struct pollfd *set, size_t *slot)
{
	nfds_t n = 0;

	for (size_t i = 0; i < GPG_FDS_MAX; i++) {
		if (g->fd[i].fd < 0)
			continue;
		slot[n] = i;
		set[n++] = (struct pollfd){ g->fd[i].fd, g->fd[i].out ? POLLOUT : POLLIN, 0 };
	}
	set[n] = (struct pollfd){ g->parent_fd, POLLRDHUP, 0 };
	return n;
}

static void
serve(struct gpg *g, const struct pollfd *set, const size_t *slot, nfds_t n)
{
	for (nfds_t i = 0; i < n && !g->done; i++) {
		struct gpg_fd *f = &g->fd[slot[i]];

		/* any event: GPGME itself overlooks POLLERR and spins */
		if (set[i].revents != 0 && f->fd == set[i].fd)
			(void)f->call(f->arg, f->fd); /* errors arrive as GPGME_EVENT_DONE */
	}
}

gpgme_error_t
gpg_finish(struct gpg *g, gpgme_error_t begun)
{
	const struct clock clock = clock_real();
	int64_t end = clock_mono_ms(&clock) + g->deadline_ms;

	if (begun != 0)
		give_up(g, begun);
	while (!g->done) {
		struct pollfd set[GPG_FDS_MAX + 1];
		size_t slot[GPG_FDS_MAX];
		nfds_t n = poll_set(g, set, slot);
		int64_t left = end - clock_mono_ms(&clock);

		if (g->deadline_ms >= 0 && left <= 0) {
			g->timed_out = true;
			give_up(g, gpgme_error(GPG_ERR_TIMEOUT));
			break;
		}
		if (g->deadline_ms < 0 || left > TICK_MS)
			left = TICK_MS;
		if (poll(set, n + 1, (int)left) <= 0)
			continue; /* EINTR or another tick */
		if (set[n].revents != 0) {
			give_up(g, gpgme_error(GPG_ERR_CANCELED)); /* the parent went away */
			break;
		}
		serve(g, set, slot, n);
	}
	return g->result;
}

/* ---- context */

void
gpg_init(struct gpg *g, const char *gpg, const char *home, int parent_fd, int deadline_ms)
{
	memset(g, 0, sizeof *g);
	g->gpg = gpg;
	g->home = home;
	g->parent_fd = parent_fd;
	g->deadline_ms = deadline_ms;
	for (size_t i = 0; i < GPG_FDS_MAX; i++)
		g->fd[i].fd = -1;
}

void
gpg_done(struct gpg *g)
{
	if (g->ctx != NULL)
		gpgme_release(g->ctx);
	g->ctx = NULL;
}

static gpgme_error_t
new_context(struct gpg *g)
{
	struct gpgme_io_cbs cbs = { fd_add, g, fd_remove, on_event, g };
	gpgme_error_t err;

	if ((err = gpgme_new(&g->ctx)) != 0)
		return err;
	(void)alarm(ENGINE_INFO_S);
	err = gpgme_ctx_set_engine_info(g->ctx, GPGME_PROTOCOL_OpenPGP, g->gpg, g->home);
	(void)alarm(0);
	if (err == 0)
		err = gpgme_set_ctx_flag(g->ctx, "full-status", "1");
	if (err != 0) {
		gpg_done(g);
		return err;
	}
	gpgme_set_offline(g->ctx, 1);
	gpgme_set_io_cbs(g->ctx, &cbs);
	gpgme_set_status_cb(g->ctx, on_status, g);
	return 0;
}

enum mq_err
gpg_ready(struct gpg *g, struct mq_error *e)
{
	gpgme_error_t err;

	if (access(g->gpg, X_OK) != 0)
		return mq_fail_errno(e, MQ_ECRYPTO, "gpg cannot be started, install gnupg: %s",
		    g->gpg);
	if (g->ctx == NULL && (err = new_context(g)) != 0)
		return mq_fail(e, MQ_ECRYPTO, "gpg cannot be used: %s: %s", g->gpg,
		    gpgme_strerror(err));
	if (gpgme_set_pinentry_mode(g->ctx, GPGME_PINENTRY_MODE_ERROR) != 0)
		return mq_fail(e, MQ_ECRYPTO, "gpg does not know pinentry modes: it is too old");
	pgp_status_reset(&g->status);
	g->done = g->timed_out = false;
	g->result = 0;
	return MQ_OK;
}

/* The errors of OPENPGP.md 4.1 in our words; others are an engine that failed. */
static const struct {
	gpg_err_code_t code;
	enum mq_err err;
	const char *text; /* NULL: what GPGME says */
} failures[] = {
	{ GPG_ERR_TIMEOUT, MQ_ECANCEL, "nobody answered in time" },
	{ GPG_ERR_CANCELED, MQ_ECANCEL, "cancelled" },
	{ GPG_ERR_FULLY_CANCELED, MQ_ECANCEL, "cancelled" },
	{ GPG_ERR_NO_PIN_ENTRY, MQ_EPERM, "the key is locked and needs its passphrase" },
	{ GPG_ERR_BAD_PASSPHRASE, MQ_EPERM, "wrong passphrase" },
	{ GPG_ERR_NO_PASSPHRASE, MQ_EPERM, "no passphrase was given" },
	{ GPG_ERR_ENOTTY, MQ_EPERM, "no terminal on which to ask for the passphrase" },
	{ GPG_ERR_UNUSABLE_SECKEY, MQ_EPERM, "the agent does not let us use this key" },
	{ GPG_ERR_FORBIDDEN, MQ_EPERM, "the agent forbids it" },
	{ GPG_ERR_NO_SECKEY, MQ_ENOENT, "no agent holds this secret key; is yours forwarded?" },
	{ GPG_ERR_EOF, MQ_ENOENT, "no agent holds this secret key; is yours forwarded?" },
	{ GPG_ERR_NO_AGENT, MQ_ECRYPTO, "gpg-agent cannot be reached; is the path of the home "
					"longer than 87 bytes?" },
	{ GPG_ERR_ENOMEM, MQ_ENOMEM, NULL },
};

enum mq_err
gpg_fail(const struct gpg *g, gpgme_error_t err, struct mq_error *e, const char *what)
{
	gpg_err_code_t code = gpgme_err_code(err);

	if (g->timed_out)
		return mq_fail(e, MQ_ETIMEOUT, "cannot %s: gpg did not answer in %d ms", what,
		    g->deadline_ms);
	/* "unusable" and "general error" hide the true reason, which stands in a status line */
	if ((code == GPG_ERR_UNUSABLE_SECKEY || code == GPG_ERR_GENERAL ||
	    code == GPG_ERR_DECRYPT_FAILED) && g->status.error_code != 0)
		code = g->status.error_code;
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (failures[i].code == code && failures[i].text != NULL)
			return mq_fail(e, failures[i].err, "cannot %s: %s", what, failures[i].text);
	return mq_fail(e, code == GPG_ERR_ENOMEM ? MQ_ENOMEM : MQ_ECRYPTO, "cannot %s: gpg says: %s",
	    what, gpgme_strerror(err));
}

/* ---- data */

gpgme_data_t
gpg_input(struct span s)
{
	gpgme_data_t d = NULL;

	return gpgme_data_new_from_mem(&d, (const char *)s.p, s.n, 0) == 0 ? d : NULL;
}

static ssize_t
write_buf(void *arg, const void *p, size_t n)
{
	if (buf_put(arg, p, n) == MQ_OK)
		return (ssize_t)n;
	errno = EFBIG;
	return -1;
}

gpgme_data_t
gpg_output(struct gpgme_data_cbs *cbs, struct buf *b)
{
	gpgme_data_t d = NULL;

	*cbs = (struct gpgme_data_cbs){ .write = write_buf };
	return gpgme_data_new_from_cbs(&d, cbs, b) == 0 ? d : NULL;
}
