/* What the tests of both gpg children share: keys, processes, gpg by hand. */
#ifndef MQGP_TESTS_UNIT_LIB_PGP_H
#define MQGP_TESTS_UNIT_LIB_PGP_H

#include <stdbool.h>

#include "core/trust/pgp.h"

struct fpr pgp_fpr(const char *hex);
/* A file with a secret key in it, made in a home below dir that is removed again. */
struct buf secret_key_file(const char *dir);
/* Is the process whose number stands in this file gone within two seconds? */
bool process_of_file_ends(const char *path);
/* Runs gpg --homedir HOME --batch with these arguments (NULL behind the last), in to out. */
struct buf run_gpg(const char *home, const char *const *args, struct span in);

#endif
