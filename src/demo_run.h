/* The two ways to run a demo; each returns the exit status of the program. Main thread only. */
#ifndef MQGP_SRC_DEMO_RUN_H
#define MQGP_SRC_DEMO_RUN_H

/* Without a terminal: the whole scenario, a line an expectation; 0 only if each of them held. */
int demo_headless(void);
/* Starts a demo and opens the dashboard of owner A. */
int demo_interactive(void);
/* Opens a dashboard ('a' or 'b') in the demo that runs. */
int demo_join(char letter);

#endif
