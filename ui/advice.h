/*
 * What a verdict means for the person who looks at it: who may have done this, and whether the
 * value is used. The `why` view ends with it. Pure.
 */
#ifndef MQGP_UI_ADVICE_H
#define MQGP_UI_ADVICE_H

#include "core/verdict/verdict.h"

const char *advice_of(enum verdict v);

#endif
