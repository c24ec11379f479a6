/* A trivial ncurses table of countdowns: what a frame, a key and a quiet second cost at the least.
 */
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct line {
	unsigned long long user;
	unsigned ip, expires;
};

static void draw(const struct line *lines, size_t count, size_t top, size_t cursor, unsigned now)
{
	int width, height;

	getmaxyx(stdscr, height, width);
	erase();
	mvprintw(0, 0, "%-30.30s %-30.30s %8s", "AoR", "Contact", "Left");
	for (int y = 1; y < height - 1 && top + (size_t)y <= count; y++) {
		const struct line *l = &lines[top + (size_t)y - 1];
		unsigned left = l->expires - now;
		char text[300];

		snprintf(text, sizeof(text),
			 "%llu@c%03u.voice.example  192.168.%u.%u:5060  udp  %02u:%02u", l->user,
			 l->ip % 300, l->ip & 255, l->ip >> 8 & 255, left / 60, left % 60);
		if (top + (size_t)y - 1 == cursor)
			attron(A_REVERSE);
		mvaddnstr(y, 0, text, width - 1);
		attroff(A_REVERSE);
	}
	mvprintw(height - 1, 0, "%zu of %zu", cursor + 1, count);
	refresh();
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, top = 0, cursor = 0;
	struct line *lines = calloc(count ? count : 1, sizeof(*lines));
	unsigned start = (unsigned)time(NULL);
	int key = 0;

	if (!lines)
		return 1;
	for (size_t i = 0; i < count; i++)
		lines[i] = (struct line){49300000000ull + i, (unsigned)(i * 2654435761u),
					 start + 1200 + (unsigned)(i % 2300)};
	setlocale(LC_ALL, "");
	initscr();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	while (key != 'q') {
		struct timespec t;
		size_t page = (size_t)(LINES > 3 ? LINES - 2 : 1);

		clock_gettime(CLOCK_REALTIME, &t);
		if (cursor < top)
			top = cursor;
		if (cursor >= top + page)
			top = cursor - page + 1;
		draw(lines, count, top, cursor, (unsigned)t.tv_sec);
		timeout(1001 - (int)(t.tv_nsec / 1000000));
		key = getch();
		if ((key == KEY_DOWN || key == 'j') && cursor + 1 < count)
			cursor++;
		if ((key == KEY_UP || key == 'k') && cursor > 0)
			cursor--;
	}
	endwin();
	free(lines);
	return 0;
}
