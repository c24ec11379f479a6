/* Help in two columns: a term and its sentence, wrapped on a terminal, one line each elsewhere. */
#include "cli/rows.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/text.h"

/* Columns of the terminal on stdout; 0 when it is none. */
static size_t width_of_stdout(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return 0;
	return ws.ws_col;
}

void rows_print(int left, const char *term, const char *sentence)
{
	size_t width = width_of_stdout(), indent = (size_t)left + 4, at = indent;
	size_t term_width = text_width(slice_of(term));
	struct slice rest = slice_of(sentence), word;
	int pad = term_width < (size_t)left ? left - (int)term_width : 0;

	if (width < indent + 20) {
		printf("  %s%*s  %s\n", term, pad, "", sentence);
		return;
	}
	if (term_width > (size_t)left)
		printf("  %s\n%*s", term, (int)indent - 1, "");
	else
		printf("  %s%*s ", term, pad, "");
	while (rest.n) {
		rest = slice_cut(rest, ' ', &word);
		if (at + text_width(word) + 1 > width) {
			printf("\n%*s", (int)indent - 1, "");
			at = indent;
		}
		printf(" %.*s", SLICE_FMT(word));
		at += text_width(word) + 1;
	}
	putchar('\n');
}
