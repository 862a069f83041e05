/* Stands in for libFuzzer where there is none: gives every file named (folders: every file in them)
 * to the target once. Ends with how many inputs were read; 1 if there was none. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t *exact, *bytes = malloc(INPUT_MAX);
	size_t n;

	if (f == NULL || bytes == NULL) {
		(void)fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	n = fread(bytes, 1, INPUT_MAX, f);
	(void)fclose(f); /* only read */
	if ((exact = malloc(n != 0 ? n : 1)) == NULL)
		exit(1);
	memcpy(exact, bytes, n); /* of its true size, so that reading past the end is seen */
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	free(bytes);
	return 1;
}

static unsigned
replay_path(const char *path)
{
	struct stat st;
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return replay_file(path);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		struct buf name;

		if (entry->d_name[0] == '.')
			continue;
		buf_init(&name, 4096);
		(void)buf_printf(&name, "%s/%s", path, entry->d_name);
		n += replay_file(buf_cstr(&name));
		buf_done(&name);
	}
	(void)closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += replay_path(argv[i]);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	(void)printf("%u inputs\n", n);
	return n == 0;
}
