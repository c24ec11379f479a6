/* The contract of a source: how bindings come in, and which verbs its registrar offers. */
#include "source/source.h"

#include <errno.h>
#include <sys/stat.h>
#include "base/text.h"
#include "report/snapshot.h"
#include "source/kamailio.h"
#include "source/listen.h"
#include "source/opensips.h"
#include "source/snapshot_file.h"

/* THE table of kinds: one row and one file make a new one. Files are recognised in this order. */
const struct source_kind source_kinds[] = {
	{"listen", "udp:HOST:PORT[,tcp:HOST:PORT]", "be a registrar on these addresses", NULL,
	 listen_open},
	{"kamailio-sqlite", "PATH", "Kamailio's location table in an SQLite file",
	 kamailio_recognise, kamailio_open},
	{"mysql", "//USER@HOST/DATABASE", "the same on MySQL or MariaDB", NULL, kamailio_open},
	{"mariadb", "//USER@HOST/DATABASE", "the same word for it", NULL, kamailio_open},
	{"postgresql", "//USER@HOST/DATABASE", "the same on PostgreSQL", NULL, kamailio_open},
	{"postgres", "//USER@HOST/DATABASE", "the same word for it", NULL, kamailio_open},
	{"redis", "//[:PASSWORD@]HOST/NUMBER", "the same on Redis (db_redis)", NULL, kamailio_open},
	{"kamailio", "CONTROL", "Kamailio's memory by its control alone, up to 1000 contacts", NULL,
	 kamailio_open_memory},
	{"opensips", "CONTROL|PATH|URL",
	 "OpenSIPS: its memory by its management interface (MI), or its location table",
	 opensips_recognise, opensips_open},
	{"snapshot", "PATH", "a snapshot that regtop wrote", snapshot_recognise,
	 snapshot_file_open},
};
const size_t source_kinds_count = sizeof(source_kinds) / sizeof(*source_kinds);

static const struct source_kind *kind_by_word(struct slice word)
{
	for (size_t i = 0; i < source_kinds_count; i++)
		if (slice_eq_str(word, source_kinds[i].kind))
			return &source_kinds[i];
	return NULL;
}

static void add_words(struct strbuf *out)
{
	for (size_t i = 0; i < source_kinds_count; i++)
		strbuf_addf(out, "%s%s:%s", i ? ", " : "", source_kinds[i].kind,
			    source_kinds[i].place);
}

/* Says why a path is none of the kinds' files: the recogniser that has words knows best, and a
 * file that cannot be read is no mystery at all. */
static const struct source_kind *kind_by_file(const char *path, struct err *e)
{
	struct err first = ERR_NONE;
	char shown[160];

	for (size_t i = 0; i < source_kinds_count; i++) {
		struct err why = ERR_NONE;

		if (!source_kinds[i].recognise)
			continue;
		if (source_kinds[i].recognise(path, &why))
			return &source_kinds[i];
		if (why.code && !first.code)
			first = why;
	}
	if (first.code) {
		*e = first;
		return NULL;
	}
	text_clean_buf(slice_of(path), shown, sizeof(shown));
	err_set(e, -EPROTONOSUPPORT, "Give a registrar's database or a regtop snapshot.",
		"%s is no file that regtop knows.", shown);
	return NULL;
}

static const struct source_kind *kind_of(const char *spec, struct source_options *o, struct err *e)
{
	struct slice word, rest = slice_cut(slice_of(spec), ':', &word);
	const struct source_kind *kind = rest.p ? kind_by_word(word) : NULL;
	struct strbuf words = STRBUF_INIT;
	struct stat st;
	char shown[160];

	if (kind) {
		/* Of a database's address the word is a part. */
		o->place = strncmp(kind->place, "//", 2) == 0 ? spec : rest.p;
		return kind;
	}
	o->place = spec;
	/* A path may hold a colon. */
	if (stat(spec, &st) == 0 || errno != ENOENT || !rest.p || memchr(word.p, '/', word.n)) {
		o->recognised = true;
		return kind_by_file(spec, e);
	}
	text_clean_buf(word, shown, sizeof(shown));
	strbuf_add_str(&words, "A source is a path, or one of ");
	add_words(&words);
	strbuf_add_char(&words, '.');
	err_set(e, -EINVAL, strbuf_str(&words), "\"%s\" is no kind of source.", shown);
	strbuf_free(&words);
	return NULL;
}

struct source *source_open(struct loop *l, const struct clock *c, const char *spec,
			   const struct source_options *o, struct err *e)
{
	struct source_options with_place = *o;
	struct err mine = ERR_NONE;
	const struct source_kind *kind;
	struct source *s = NULL;

	kind = kind_of(spec, &with_place, &mine);
	if (kind && !*with_place.place)
		err_set(&mine, -EINVAL, NULL, "%s: wants %s after the colon.", kind->kind,
			kind->place);
	else if (kind)
		s = kind->open(l, c, &with_place, &mine);
	if (s && o->name)
		text_clean_buf(slice_of(o->name), s->name, sizeof(s->name));
	if (s)
		s->no_purge = o->no_purge;
	if (e)
		*e = mine;
	return s;
}

void source_start(struct source *s, const struct source_sink *sink)
{
	s->sink = *sink;
	source_tell(s);
	s->ops->start(s);
}

void source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
}

const char *source_purge_refused(const struct source *s)
{
	if (s->no_purge)
		return "its section in the configuration file says purge = no";
	return s->ops->purge_refused ? s->ops->purge_refused(s) : NULL;
}

void source_tell(struct source *s)
{
	if (s->sink.status)
		s->sink.status(s->sink.ctx, &s->status);
}
