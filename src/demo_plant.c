#include "src/demo_plant.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define DAY_TICKS 6000.0 /* the sun of the demo rises every ten minutes */
#define TURN 6.283185307179586

/* xorshift64*: good enough for noise. 0 .. 1 */
static double
chance(struct demo_plant *p)
{
	p->random ^= p->random >> 12;
	p->random ^= p->random << 25;
	p->random ^= p->random >> 27;
	return (double)(p->random * 0x2545f4914f6cdd1dULL >> 11) / 9007199254740992.0;
}

static double
noise(struct demo_plant *p, double width)
{
	return (chance(p) - 0.5) * width;
}

static double
sun(const struct demo_plant *p, double shift)
{
	return sin(TURN * ((double)p->ticks / DAY_TICKS + shift));
}

static void
temp(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.1f", p->temp + noise(p, 0.3));
}

static void
pressure(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.2f", p->pressure + noise(p, 0.04));
}

static void
flow(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.1f", p->flow + noise(p, 2));
}

static void
valve(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.0f", p->valve);
}

static void
pump(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "{\"rpm\":%.0f,\"amps\":%.1f,\"ok\":true}",
	    1480 + noise(p, 12), 9 + p->flow / 40 + noise(p, 0.2));
}

static void
door(struct demo_plant *p, char *v)
{
	p->door_open = chance(p) < (p->door_open ? 0.6 : 0.15);
	p->visitors += p->door_open;
	(void)snprintf(v, DEMO_VALUE_MAX, "%s", p->door_open ? "opened" : "closed");
}

static void
vault(struct demo_plant *p, char *v)
{
	(void)p; /* nobody opens it in a demo */
	(void)snprintf(v, DEMO_VALUE_MAX, "locked");
}

static void
guard(struct demo_plant *p, char *v)
{
	static const char *const names[] = { "R. Finch", "M. Okafor", "J. Lind" };

	p->guard++;
	(void)snprintf(v, DEMO_VALUE_MAX, "{\"post\":%u,\"guard\":\"%s\",\"seen\":\"%s\"}",
	    p->guard % 7 + 1, names[p->guard / 7 % 3], chance(p) < 0.05 ? "a cat" : "nothing");
}

static void
visitors(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%u", p->visitors);
}

static void
outside(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.1f", 11 + 6 * sun(p, 0) + noise(p, 0.2));
}

static void
wind(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.1f", p->wind);
}

static void
humidity(struct demo_plant *p, char *v)
{
	(void)snprintf(v, DEMO_VALUE_MAX, "%.0f", 65 + 20 * sun(p, 0.5) + noise(p, 2));
}

static const struct sensor {
	enum demo_site site;
	const char *subtopic;
	unsigned every, at; /* ticks; at spreads them over time */
	void (*read)(struct demo_plant *p, char value[DEMO_VALUE_MAX]);
} sensors[] = {
	{ DEMO_COOLING, "flow", 1, 0, flow }, /* quick: 65 newer ones make a replay */
	{ DEMO_COOLING, "temp", 10, 1, temp },
	{ DEMO_COOLING, "pressure", 10, 4, pressure },
	{ DEMO_COOLING, "valve", 20, 7, valve },
	{ DEMO_COOLING, "pump", 20, 13, pump },
	{ DEMO_SECURITY, "door/main", 15, 2, door },
	{ DEMO_SECURITY, "door/vault", 30, 5, vault },
	{ DEMO_SECURITY, "guard", 40, 8, guard },
	{ DEMO_SECURITY, "visitors", 50, 11, visitors },
	{ DEMO_WEATHER, "temp", 20, 3, outside },
	{ DEMO_WEATHER, "wind", 10, 6, wind },
	{ DEMO_WEATHER, "humidity", 50, 9, humidity },
};

void
demo_plant_init(struct demo_plant *p, uint64_t seed)
{
	*p = (struct demo_plant){ .random = seed | 1, .valve = 45, .wanted = 45, .flow = 110,
		.temp = 21.5, .pressure = 2.4, .wind = 4 };
}

/* The valve follows an operator who changes his mind, the flow the valve, the rest the flow. */
static void
move_on(struct demo_plant *p)
{
	if (chance(p) < 0.01)
		p->wanted = 30 + 40 * chance(p);
	p->valve += fmax(-1, fmin(1, p->wanted - p->valve));
	p->flow += (p->valve * 2.4 - p->flow) * 0.05;
	p->temp += (34 - p->flow * 0.11 - p->temp) * 0.01;
	p->pressure += (1.2 + p->flow * 0.011 - p->pressure) * 0.1;
	p->wind = fmax(0, p->wind + noise(p, 0.4) + (4 - p->wind) * 0.02);
	p->ticks++;
}

void
demo_plant_tick(struct demo_plant *p, demo_reading *tell, void *arg)
{
	char value[DEMO_VALUE_MAX];

	move_on(p);
	for (size_t i = 0; i < sizeof sensors / sizeof sensors[0]; i++) {
		const struct sensor *s = &sensors[i];

		if (p->ticks % s->every != s->at % s->every)
			continue;
		s->read(p, value);
		tell(arg, s->site, s->subtopic, value);
	}
}
