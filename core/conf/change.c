#include "core/conf/change.h"

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

bool
change_is_transfer(const struct conf *n, const struct conf *c)
{
	if (n->n_owners != c->n_owners || n->threshold != c->threshold)
		return true;
	for (size_t i = 0; i < n->n_owners; i++) /* both are in strict byte order */
		if (!fpr_eq(&n->owner[i], &c->owner[i]))
			return true;
	return false;
}
