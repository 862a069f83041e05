/*
 * The main of a fuzz target where the compiler has no fuzzer of its own: feeds every file of a
 * corpus to the target, and then a fixed number of mutations of each, the same ones every time.
 *
 *   f_NAME [-n MUTATIONS] [-t SECONDS] FILE|FOLDER...
 *
 * -t stops mutating (never the plain corpus) after that time. Prints how many inputs ran. When the
 * target dies, the input it died of is named on standard error and kept in the current folder.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1 << 20) /* the largest file of any corpus, with room to grow */
#define EDITS_MAX 8	    /* changes stacked in one mutation */
#define KEPT "fuzz-died-of.bin"

struct run {
	uint32_t mutations;
	int64_t mutate_until; /* monotonic ms */
	uint64_t executed;
};

/* For the signal handler alone. */
static struct {
	const uint8_t *data;
	size_t n;
	const char *file;
} current;

static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* dying anyway */
}

static void
name_the_input(int signal_number)
{
	int fd = open(KEPT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	say("died of ");
	say(current.file != NULL ? current.file : "nothing");
	if (fd >= 0 && write(fd, current.data, current.n) == (ssize_t)current.n)
		say(" or a mutation of it; the bytes are kept in " KEPT);
	say("\n");
	(void)raise(signal_number); /* the handler is gone: SA_RESETHAND */
}

static void
catch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
	struct sigaction sa = { .sa_handler = name_the_input, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)sigaction(signals[i], &sa, NULL); /* only better words are lost */
}

/* Runs one input as a block of exactly its size, so that a sanitizer sees the first byte behind. */
static void
execute(struct run *run, const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n != 0 ? n : 1);

	if (exact == NULL)
		abort();
	if (n != 0)
		memcpy(exact, data, n);
	current.data = exact;
	current.n = n;
	(void)LLVMFuzzerTestOneInput(exact, n); /* its answer only steers a real fuzzer */
	run->executed++;
	current.n = 0;
	free(exact);
}

/* splitmix64: small, and the same on every machine. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t
below(uint64_t *random, size_t limit)
{
	return limit != 0 ? (size_t)(next_random(random) % limit) : 0;
}

typedef void edit(uint8_t *p, size_t *n, size_t max, uint64_t *random);

static void
flip_bit(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	(void)max;
	if (*n != 0)
		p[below(random, *n)] ^= (uint8_t)(1u << below(random, 8));
}

static void
set_byte(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	static const uint8_t likely[] = { 0, 1, 0x0a, 0x20, '"', '#', '/', '0', '9', '=', 'A', 0x7f,
		0x80, 0xc0, 0xed, 0xff };

	(void)max;
	if (*n != 0)
		p[below(random, *n)] = likely[below(random, sizeof likely)];
}

static void
insert_byte(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	size_t at = below(random, *n + 1);

	if (*n == max)
		return;
	memmove(p + at + 1, p + at, *n - at);
	p[at] = (uint8_t)next_random(random);
	(*n)++;
}

static void
remove_range(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	size_t at = below(random, *n), count = 1 + below(random, *n - at);

	(void)max;
	if (*n == 0)
		return;
	memmove(p + at, p + at + count, *n - at - count);
	*n -= count;
}

static void
repeat_range(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	size_t at = below(random, *n), count = 1 + below(random, *n - at);

	if (*n == 0 || count > max - *n)
		return;
	memmove(p + at + count, p + at, *n - at);
	*n += count;
}

static void
cut_end(uint8_t *p, size_t *n, size_t max, uint64_t *random)
{
	(void)p;
	(void)max;
	*n = below(random, *n + 1);
}

static void
mutate(struct run *run, struct span original, uint64_t seed)
{
	static edit *const edits[] = { flip_bit, flip_bit, set_byte, set_byte, insert_byte,
		remove_range, repeat_range, cut_end };
	size_t max = original.n + original.n / 2 + 64, n;
	struct clock clock = clock_real();
	uint8_t *work = malloc(max);
	uint64_t random = seed;

	if (work == NULL)
		abort();
	for (uint32_t i = 0; i < run->mutations; i++) {
		if (clock_mono_ms(&clock) >= run->mutate_until)
			break;
		n = original.n;
		memcpy(work, original.p, n);
		for (size_t left = 1 + below(&random, EDITS_MAX); left != 0; left--)
			edits[below(&random, sizeof edits / sizeof edits[0])](work, &n, max, &random);
		execute(run, work, n);
	}
	free(work);
}

static bool
run_file(struct run *run, const char *path)
{
	struct mq_error e;
	struct buf input;
	uint64_t seed = 0;

	buf_init(&input, INPUT_MAX);
	if (file_read(path, &input, &e) != MQ_OK || buf_cstr(&input) == NULL) {
		(void)fprintf(stderr, "%s\n", e.text);
		buf_done(&input);
		return false;
	}
	current.file = path;
	for (size_t i = 0; i < input.n; i++)
		seed = seed * 31 + input.p[i];
	execute(run, input.p, input.n);
	mutate(run, buf_span(&input), seed);
	buf_done(&input);
	return true;
}

static bool
run_path(struct run *run, const char *path)
{
	struct dirent **entries;
	char name[4096];
	struct stat st;
	bool good = true;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return run_file(run, path);
	if ((n = scandir(path, &entries, NULL, alphasort)) < 0) {
		perror(path);
		return false;
	}
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			good = file_join(name, sizeof name, path, entries[i]->d_name) == MQ_OK &&
			    run_file(run, name) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

int
main(int argc, char **argv)
{
	struct clock clock = clock_real();
	struct run run = { .mutations = 0 };
	uint32_t seconds = 3600;
	bool good = true;
	int option;

	while ((option = getopt(argc, argv, "n:t:")) != -1) {
		uint32_t *number = option == 'n' ? &run.mutations : &seconds;

		if (option == '?' || !text_u32(span_of(optarg), number)) {
			(void)fprintf(stderr, "usage: %s [-n MUTATIONS] [-t SECONDS] FILE|FOLDER...\n", argv[0]);
			return 2;
		}
	}
	catch_crashes();
	run.mutate_until = clock_mono_ms(&clock) + (int64_t)seconds * 1000;
	for (int i = optind; i < argc; i++)
		good = run_path(&run, argv[i]) && good;
	(void)printf("%llu inputs\n", (unsigned long long)run.executed);
	return good && run.executed != 0 ? 0 : 1;
}
