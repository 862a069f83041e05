/* vectors KIND [FILES...]: judges known answers with the core library.
 * KIND: a family, one kind of line, or all. Without FILES: everything in tests/vectors/data. */
#include "tests/vectors/vectors.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/trust/pgp.h"

#define DIFF_MAX 4096
#define EXIT_USAGE 2

static const struct vector_kind {
	const char *family, *name;
	vector_judge *judge;
} kinds[] = {
	{ "envelope", "seal", vector_seal },
	{ "envelope", "open", vector_open },
	{ "protocol", "conf-parse", vector_conf_parse },
	{ "protocol", "bundle-parse", vector_bundle_parse },
	{ "protocol", "sig-walk", vector_sig_walk },
	{ "protocol", "accept", vector_accept },
	{ "protocol", "halt", vector_halt },
	{ "protocol", "receipt", vector_receipt },
	{ "openpgp", "openpgp-sig", vector_openpgp },
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])
#define OPENPGP_KIND "openpgp-sig" /* of every case in a cases.json */

struct tally {
	const char *wanted; /* KIND */
	bool named_files;   /* cases of other kinds are mentioned, not skipped */
	unsigned passed, failed, not_judged;
	struct buf unjudged; /* lines, printed at the end */
};

static const struct vector_kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static bool
is_wanted(const struct tally *t, const struct vector_kind *k)
{
	return strcmp(t->wanted, "all") == 0 || strcmp(t->wanted, k->family) == 0 ||
	    strcmp(t->wanted, k->name) == 0;
}

static void
not_judged(struct tally *t, const char *id, const char *kind, const char *why)
{
	t->not_judged++;
	(void)buf_printf(&t->unjudged, "not judged: %s (%s): %s\n", id, kind, why);
}

static void
judge_case(struct tally *t, const char *kind, const struct vector_case *c)
{
	const struct vector_kind *k = kind_named(kind);
	struct buf diff;
	enum vector_result r;

	if (k == NULL || !is_wanted(t, k)) {
		if (t->named_files || k == NULL)
			not_judged(t, c->id, kind, k == NULL ? "unknown kind" : "not asked for");
		return;
	}
	buf_init(&diff, DIFF_MAX);
	r = k->judge(c, &diff);
	if (r == VECTOR_PASS) {
		t->passed++;
	} else if (r == VECTOR_NOT_JUDGED) {
		not_judged(t, c->id, kind, diff.n != 0 ? buf_cstr(&diff) : "no reason given");
	} else {
		t->failed++;
		(void)printf("FAILED %s (%s): %.*s\n", c->id, kind, (int)diff.n,
		    diff.p != NULL ? (const char *)diff.p : "");
	}
	buf_done(&diff);
}

static void
bad_file(struct tally *t, const char *path, unsigned line, const char *why)
{
	t->failed++;
	(void)printf("FAILED %s:%u: %s\n", path, line, why);
}

/* One line of an envelope or protocol file. */
static void
judge_line(struct tally *t, const char *path, unsigned number, const char *folder, const char *line,
    size_t n)
{
	json_error_t error;
	json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *kind = json_string_value(json_object_get(o, "kind"));
	struct vector_case c = { .folder = folder, .id = id };

	c.inputs = json_object_get(o, "inputs");
	c.expect = json_object_get(o, "expect");
	if (o == NULL)
		bad_file(t, path, number, error.text);
	else if (id == NULL || kind == NULL || !json_is_object(c.inputs))
		bad_file(t, path, number, "no id, kind or inputs");
	else if (!json_is_object(c.expect))
		not_judged(t, id, kind, "nothing is expected of it");
	else
		judge_case(t, kind, &c);
	json_decref(o);
}

static void
judge_list(struct tally *t, const char *path, const char *folder, const json_t *cases)
{
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *o = json_array_get(cases, i);
		struct vector_case c = { folder, NULL, o, o };

		c.id = json_string_value(json_object_get(o, "id"));
		if (c.id == NULL)
			bad_file(t, path, (unsigned)i + 1, "a case without id");
		else
			judge_case(t, OPENPGP_KIND, &c);
	}
}

static void
judge_lines(struct tally *t, const char *path, const char *folder, FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	unsigned number = 0;

	while ((n = getline(&line, &cap, f)) > 0) {
		number++;
		if (line[n - 1] == '\n')
			n--;
		if (n > 0)
			judge_line(t, path, number, folder, line, (size_t)n);
	}
	free(line);
}

static void
judge_file(struct tally *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
	FILE *f = fopen(path, "re");
	json_t *whole = NULL;

	if (f == NULL || folder == NULL) {
		bad_file(t, path, 0, "cannot be read");
		goto out;
	}
	whole = json_loadf(f, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_array(json_object_get(whole, "cases"))) {
		judge_list(t, path, folder, json_object_get(whole, "cases"));
	} else {
		rewind(f);
		judge_lines(t, path, folder, f);
	}
	if (ferror(f))
		bad_file(t, path, 0, "cannot be read to its end");
out:
	json_decref(whole);
	if (f != NULL)
		(void)fclose(f); /* only read */
	free(folder);
}

static void
judge_all_data(struct tally *t)
{
	glob_t g = { 0 };
	int r = glob("tests/vectors/data/*.jsonl", 0, NULL, &g);

	if (r == 0)
		(void)glob("tests/vectors/data/*/cases.json", GLOB_APPEND, NULL, &g); /* may be none */
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		judge_file(t, g.gl_pathv[i]);
	globfree(&g);
}

static int
usage(void)
{
	(void)fputs("usage: vectors list | vectors KIND [FILE...]\n"
		    "KIND: all, envelope, protocol, openpgp, or one of `vectors list`\n", stderr);
	return EXIT_USAGE;
}

static bool
known(const char *wanted)
{
	const struct tally t = { .wanted = wanted };

	for (size_t i = 0; i < N_KINDS; i++)
		if (is_wanted(&t, &kinds[i]))
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct tally t = { .wanted = argc > 1 ? argv[1] : "all", .named_files = argc > 2 };

	pgp_child_main(argc, argv);
	if (strcmp(t.wanted, "list") == 0) {
		for (size_t i = 0; i < N_KINDS; i++)
			(void)puts(kinds[i].name);
		return 0;
	}
	if (!known(t.wanted) || sodium_init() < 0)
		return usage();
	buf_init(&t.unjudged, SIZE_MAX / 2);
	if (argc <= 2)
		judge_all_data(&t);
	for (int i = 2; i < argc; i++)
		judge_file(&t, argv[i]);
	if (t.not_judged != 0)
		(void)printf("%.*s%u not judged\n", (int)t.unjudged.n,
		    t.unjudged.p != NULL ? (const char *)t.unjudged.p : "", t.not_judged);
	(void)printf("%u passed, %u failed\n", t.passed, t.failed);
	buf_done(&t.unjudged);
	return t.failed != 0 || t.passed == 0;
}
