/*
 * The screens, in the order of their digit keys.
 */
#include "ui/view.h"

static const struct view *const views[VIEW_SCREENS] = {
	&view_topics, &view_ownership, &view_verify, &view_log, &view_config, &view_keys,
};

const struct view *
view_nth(size_t i)
{
	for (size_t k = 0; k < VIEW_SCREENS; k++)
		if (i-- == 0)
			return views[k];
	return NULL;
}
