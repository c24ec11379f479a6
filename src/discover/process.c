/* The registrars that run on this machine, as their command lines tell. */
#include "discover/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"

#define ARGUMENTS_MAX (32 * 1024)
#define ENVIRON_MAX   (128 * 1024)
#define SEEN_MAX      64

/* Letters of options that have a value. */
static const struct {
	const char *word, *with_value;
} programs[] = {
	[DISCOVER_KAMAILIO] = {"kamailio", "fLmMlnNbPGugtwWaAxXYOQ"},
	[DISCOVER_OPENSIPS] = {"opensips", "fmMblnNwtugpPGWoaks"},
};

struct search {
	const struct discover_place *place;
	char *seen[SEEN_MAX]; /* command lines, as "FOLDER words" */
	size_t seen_count, left_out;
	discover_process_fn *take;
	void *ctx;
};

const char *discover_program_word(enum discover_program p)
{
	return programs[p].word;
}

/* ---- the command line ------------------------------------------------------------------------ */

#define KEEP(list, count, value)                                                                   \
	do {                                                                                       \
		if ((count) < sizeof(list) / sizeof(*(list)))                                      \
			(list)[(count)++] = (value);                                               \
	} while (0)

static void take_letter(struct discover_process *p, char letter, const char *value)
{
	bool kamailio = p->program == DISCOVER_KAMAILIO;

	if (letter == 'f')
		p->conf = value;
	else if (letter == 'Y' && kamailio)
		p->run_dir = value;
	else if (letter == 'l')
		KEEP(p->listens, p->listen_count, value);
	else if (letter == 'A' && kamailio)
		KEEP(p->defines, p->define_count, value);
	else if (letter == 't')
		p->chroot = true;
}

static void take_long(struct discover_process *p, const char *word)
{
	struct slice name, value = slice_cut(slice_of(word), '=', &name);

	if (!value.p)
		return;
	if (slice_eq_str(name, "server-id"))
		p->server_id = value.p;
	else if (slice_eq_str(name, "substdef"))
		KEEP(p->substdefs, p->substdef_count, value.p);
	else if (slice_eq_str(name, "substdefs"))
		KEEP(p->substdefs_quoted, p->substdef_quoted_count, value.p);
}

/* False for one that only checks a configuration, or prints something. */
static bool take_cluster(struct discover_process *p, const char *letters, const char *next,
			 bool *took_next)
{
	for (size_t i = 0; letters[i]; i++) {
		const char *value = letters[i + 1] ? &letters[i + 1] : next;

		if (strchr("cChVvI", letters[i]))
			return false;
		if (!strchr(programs[p->program].with_value, letters[i]))
			continue;
		*took_next = !letters[i + 1];
		if (value)
			take_letter(p, letters[i], value);
		return true;
	}
	return true;
}

static const char *following(const struct strbuf *arguments, const char *word)
{
	const char *next = word + strlen(word) + 1;

	return next < arguments->p + arguments->n ? next : NULL;
}

static bool take_arguments(struct discover_process *p)
{
	const struct strbuf *all = &p->arguments;
	const char *word = following(all, strbuf_str(all));

	for (; word; word = following(all, word)) {
		bool took_next = false;

		if (word[0] == '-' && word[1] == '-')
			take_long(p, word + 2);
		else if (word[0] == '-' &&
			 !take_cluster(p, word + 1, following(all, word), &took_next))
			return false;
		if (took_next)
			word = following(all, word);
		if (!word)
			break;
	}
	return true;
}

/* ---- the process ----------------------------------------------------------------------------- */

static bool is_program(const struct strbuf *arguments, enum discover_program *out)
{
	const char *first = strbuf_str(arguments), *slash = strrchr(first, '/');
	const char *base = slash ? slash + 1 : first;

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (strcmp(base, programs[i].word) == 0) {
			*out = (enum discover_program)i;
			return true;
		}
	return false;
}

/* Its files are others than ours when its root is another folder: a container's, a chroot's. */
static bool sees_our_files(const struct discover_place *place, const char *root)
{
	struct stat its, ours, machine;
	char *path = discover_path(place, root), *top = discover_path(place, "/");
	bool same = stat(path, &its) < 0 || stat(top, &ours) < 0 || stat("/", &machine) < 0 ||
		    (its.st_dev == ours.st_dev && its.st_ino == ours.st_ino) ||
		    (its.st_dev == machine.st_dev && its.st_ino == machine.st_ino);

	free(path);
	free(top);
	return same;
}

static bool is_trusted(const struct discover_place *place, const char *folder)
{
	char *path = discover_path(place, folder);
	struct stat st;
	bool yes = stat(path, &st) == 0 && discover_trusts(st.st_uid);

	free(path);
	return yes;
}

static char *link_of(const struct discover_place *place, const char *path)
{
	char *full = discover_path(place, path), target[4096];
	ssize_t n = readlink(full, target, sizeof(target) - 1);

	free(full);
	return n > 0 ? slice_copy(slice_make(target, (size_t)n)) : NULL;
}

/* A registrar is several processes with one command line. */
static bool seen_before(struct search *s, const struct discover_process *p)
{
	struct strbuf key = STRBUF_INIT;
	bool seen = false;

	strbuf_addf(&key, "%s ", p->folder ? p->folder : "");
	for (size_t i = 0; i < p->arguments.n; i++)
		strbuf_add_char(&key, p->arguments.p[i] ? p->arguments.p[i] : '\n');
	for (size_t i = 0; i < s->seen_count && !seen; i++)
		seen = strcmp(s->seen[i], strbuf_str(&key)) == 0;
	if (!seen && s->seen_count < SEEN_MAX)
		s->seen[s->seen_count++] = strbuf_take(&key);
	else
		seen = true;
	strbuf_free(&key);
	return seen;
}

static void take_process(struct search *s, struct discover_process *p)
{
	char folder[64], file[80];

	snprintf(folder, sizeof(folder), "/proc/%ld", p->pid);
	snprintf(file, sizeof(file), "%s/cmdline", folder);
	if (discover_peek(s->place, file, ARGUMENTS_MAX, &p->arguments) < 0 ||
	    !is_program(&p->arguments, &p->program) || !take_arguments(p))
		return;
	snprintf(file, sizeof(file), "%s/root", folder);
	if (!is_trusted(s->place, folder) || !sees_our_files(s->place, file)) {
		s->left_out++;
		return;
	}
	snprintf(file, sizeof(file), "%s/cwd", folder);
	p->folder = link_of(s->place, file);
	if (seen_before(s, p))
		return;
	snprintf(file, sizeof(file), "%s/environ", folder);
	p->environ_known = discover_read(s->place, file, ENVIRON_MAX, &p->environ) == 0;
	s->take(s->ctx, p);
}

static void look_at(struct search *s, long pid)
{
	struct discover_process *p = xcalloc(1, sizeof(*p));

	p->pid = pid;
	take_process(s, p);
	free(p->folder);
	strbuf_free(&p->arguments);
	strbuf_free(&p->environ);
	free(p);
}

static int compare_pids(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

/* In the order of their numbers: the first of a registrar's processes is the one that has been
 * started. */
static long *all_pids(const struct discover_place *place, size_t *n)
{
	char *path = discover_path(place, "/proc");
	DIR *folder = opendir(path);
	const struct dirent *d;
	long *pids = NULL;
	size_t cap = 0;
	uint64_t pid;

	*n = 0;
	while (folder && (d = readdir(folder)) != NULL)
		if (slice_to_u64(slice_of(d->d_name), INT32_MAX, &pid)) {
			XGROW(pids, cap, *n + 1);
			pids[(*n)++] = (long)pid;
		}
	if (folder)
		closedir(folder);
	free(path);
	if (*n)
		qsort(pids, *n, sizeof(*pids), compare_pids);
	return pids;
}

size_t discover_processes(const struct discover_place *place, discover_process_fn *take, void *ctx)
{
	struct search s = {.place = place, .take = take, .ctx = ctx};
	size_t n;
	long *pids = all_pids(place, &n);

	for (size_t i = 0; i < n; i++)
		look_at(&s, pids[i]);
	for (size_t i = 0; i < s.seen_count; i++)
		free(s.seen[i]);
	free(pids);
	return s.left_out;
}
