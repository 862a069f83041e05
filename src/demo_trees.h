/* The trees of the demo. */
#ifndef MQGP_SRC_DEMO_TREES_H
#define MQGP_SRC_DEMO_TREES_H

#define DEMO_TREE_COOLING "chernobyl/unit1/cooling_plant"
#define DEMO_TREE_SECURITY "bankofengland/londonbranch/security"
#define DEMO_TREE_WEATHER "plain/weather" /* not secured */

#endif
