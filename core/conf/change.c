#include "core/conf/change.h"

#include <string.h>

bool
change_full_hand_over(const struct conf *n, const struct conf *c)
{
	if (c->kind != KIND_NORMAL)
		return false;
	for (size_t i = 0; i < n->n_owners; i++)
		if (conf_is_owner(c, &n->owner[i]))
			return false;
	return true;
}

/* One of the list is no owner, recovery key or reader of c. */
static bool
left_out(const struct fpr *list, size_t count, const struct conf *c)
{
	for (size_t i = 0; i < count; i++)
		if (!conf_is_owner(c, &list[i]) && !conf_is_recovery(c, &list[i]) &&
		    !conf_is_reader(c, &list[i]))
			return true;
	return false;
}

bool
change_takes_access(const struct conf *n, const struct conf *c)
{
	if (!change_full_hand_over(n, c))
		return left_out(n->owner, n->n_owners, c) ||
		    left_out(n->recovery, n->n_recovery, c) ||
		    left_out(n->reader, n->n_readers, c);
	for (size_t i = 0; i < n->n_readers; i++) {
		const struct fpr *f = &n->reader[i];

		if (!conf_is_owner(n, f) && !conf_is_recovery(n, f) && left_out(f, 1, c))
			return true;
	}
	return false;
}

static bool
same_list(const struct fpr *a, size_t n_a, const struct fpr *b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++) /* both are in strict byte order */
		if (!fpr_eq(&a[i], &b[i]))
			return false;
	return true;
}

bool
change_is_transfer(const struct conf *n, const struct conf *c)
{
	return n->threshold != c->threshold ||
	    !same_list(n->owner, n->n_owners, c->owner, c->n_owners);
}

bool
change_same_place(const struct conf *a, const struct conf *b)
{
	return strcmp(a->url, b->url) == 0 && a->security == b->security &&
	    memcmp(a->security_hash, b->security_hash, sizeof a->security_hash) == 0;
}

bool
change_moves_authority_or_place(const struct conf *n, const struct conf *c)
{
	return change_is_transfer(n, c) ||
	    !same_list(n->recovery, n->n_recovery, c->recovery, c->n_recovery) ||
	    n->recovery_threshold != c->recovery_threshold ||
	    n->recovery_delay != c->recovery_delay || n->transfer_delay != c->transfer_delay ||
	    !change_same_place(n, c) || !span_eq(conf_topic(n), conf_topic(c));
}
