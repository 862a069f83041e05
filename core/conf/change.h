/*
 * What a revision changes in kind: the questions the acceptance rule, the diff and the owner tools
 * ask about two successive confs (PROTOCOL 3.5). Pure.
 */
#ifndef MQGP_CORE_CONF_CHANGE_H
#define MQGP_CORE_CONF_CHANGE_H

#include "core/conf/conf.h"

/* kind=normal and no owner of n stays. */
bool change_full_hand_over(const struct conf *n, const struct conf *c);
/* Someone who could read under n cannot under c, so that c needs a new epoch. In a full hand-over
 * owners and recovery keys of n do not count: the new owner rekeys anyway. */
bool change_takes_access(const struct conf *n, const struct conf *c);
/* Owners or threshold differ: c must carry offer-until, and only then. */
bool change_is_transfer(const struct conf *n, const struct conf *c);
/* The same url and network-security: one connection serves both. */
bool change_same_place(const struct conf *a, const struct conf *b);
/* c moves what decides over the tree, or where it lives, and so waits transfer-delay. */
bool change_moves_authority_or_place(const struct conf *n, const struct conf *c);

#endif
