/*
 * What pgp_proc.c hands to a child and pgp_child.c takes: the one place where both agree.
 *
 * Bounded: a home has a path of at most 87 bytes, because gpg-agent makes sockets in it whose
 * longest name must fit into a sockaddr_un (OPENPGP.md 1.2).
 */
#ifndef MQGP_CORE_TRUST_PGP_CHILD_ARGS_H
#define MQGP_CORE_TRUST_PGP_CHILD_ARGS_H

#define PGP_CHILD_FD 3 /* the socket, in every child */
#define PGP_HOME_MAX 87
#define PGP_HOME_PATH_MAX (PGP_HOME_MAX + 1) /* and NUL */

/* argv of a child behind PGP_CHILD_ARG: kind, home ("" = the user's), gpg, deadline (0 = none), the
 * time to judge at (0 = now). */
enum { PGP_ARG_KIND = 2, PGP_ARG_HOME, PGP_ARG_GPG, PGP_ARG_DEADLINE, PGP_ARG_AT, PGP_ARG_COUNT };
#define PGP_KIND_VERIFY "verify"
#define PGP_KIND_SECRET "secret"

#endif
