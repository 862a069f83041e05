/*
 * Named points at which a test build dies on purpose: MQGP_CRASH_AT=S5 kills the process with
 * SIGKILL right after step S5 became durable (PROTOCOL 3.6, 3.7). Nothing in release builds.
 */
#ifndef MQGP_CORE_BASE_CRASHPOINT_H
#define MQGP_CORE_BASE_CRASHPOINT_H

void crash_point(const char *step);

#endif
