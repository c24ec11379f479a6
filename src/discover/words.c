/* What was found in words, and as a configuration file, without passwords. */
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/text.h"
#include "discover/discover.h"
#include "discover/url.h"

void discovery_describe(const struct discovery *d, size_t section, struct strbuf *out)
{
	const struct config_section *x = &d->config->sections[section];
	const char *read = x->values[CONFIG_READ], *control = x->values[CONFIG_CONTROL];
	bool had;
	char *shown;

	strbuf_addf(out, "%s: ", x->name);
	if (read) {
		shown = discover_url_show(read, &had);
		text_clean(slice_of(shown), false, out);
		free(shown);
	} else {
		strbuf_add_str(out, "its memory");
	}
	if (control && strcmp(control, "table") == 0) {
		strbuf_add_str(out, ", the table is the truth");
	} else if (control) {
		strbuf_add_str(out, ", control ");
		text_clean(slice_of(control), false, out);
	}
	strbuf_addf(out, " (%s)", d->where[section]);
}

/* In whose hands a password is better than in this file. */
static const char *secret_hint(const char *read)
{
	if (strstr(read, "mysql:"))
		return "put ?option-file=FILE behind the address";
	if (strstr(read, "postgresql:"))
		return "keep it in ~/.pgpass";
	return "write it between ':' and '@', and chmod o-r this file";
}

static void write_section(const struct discovery *d, size_t i, struct strbuf *out)
{
	const struct config_section *x = &d->config->sections[i];

	strbuf_addf(out, "\n# Found: %s\n[%s]\n", d->where[i], x->name);
	for (int k = 0; k < CONFIG_KEYS; k++) {
		bool had = false;
		char *shown;

		if (!x->values[k])
			continue;
		shown = k == CONFIG_READ ? discover_url_show(x->values[k], &had)
					 : xstrdup(x->values[k]);
		if (had)
			strbuf_addf(out, "# Its password is left out: %s.\n",
				    secret_hint(x->values[k]));
		strbuf_addf(out, "%s = ", config_keys[k].name);
		text_clean(slice_of(shown), false, out);
		strbuf_add_char(out, '\n');
		free(shown);
	}
}

void discovery_write_config(const struct discovery *d, struct strbuf *out)
{
	strbuf_add_str(out, "# regtop.conf: what regtop found on this machine. See regtop(1), "
			    "CONFIGURATION FILE.\n");
	for (size_t i = 0; i < d->note_count; i++)
		strbuf_addf(out, "# Not used: %s.\n", d->notes[i]);
	for (size_t i = 0; i < d->config->count; i++)
		write_section(d, i, out);
}
