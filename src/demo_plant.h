/*
 * What the demo measures: a cooling plant, a guarded door and the weather, invented but plausible.
 *
 * A small simulation with a table of sensors; each reports in its own rhythm. It writes lines
 * `subtopic<TAB>value` for gateways and hands out plain messages; it knows no broker. Belongs to
 * one thread.
 */
#ifndef MQGP_SRC_DEMO_PLANT_H
#define MQGP_SRC_DEMO_PLANT_H

#include <stdint.h>

#define DEMO_TICK_MS 100
#define DEMO_VALUE_MAX 96

enum demo_site { DEMO_COOLING, DEMO_SECURITY, DEMO_WEATHER };

struct demo_plant {
	uint64_t random; /* any seed but 0 */
	uint64_t ticks;
	double valve, wanted, flow, temp, pressure, wind;
	unsigned door_open, guard, visitors;
};

/* One reading of one sensor: subtopic below its site, and the value as text. */
typedef void demo_reading(void *arg, enum demo_site site, const char *subtopic, const char *value);

void demo_plant_init(struct demo_plant *p, uint64_t seed);
/* The next DEMO_TICK_MS: moves everything on and tells the readings that are due. */
void demo_plant_tick(struct demo_plant *p, demo_reading *tell, void *arg);

#endif
