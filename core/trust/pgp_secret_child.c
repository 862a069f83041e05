/* pgp-secret: what needs a secret key or the person's own home. */
#include "core/trust/pgp_child.h"

pgp_child_fn *const pgp_secret_child[PGP_OP_COUNT] = {
	[PGP_OP_VERIFY] = NULL,
};
