/* A scripted Redis: answers each command with what the test wrote for it. */
#ifndef REGTOP_TESTS_REDIS_FIXTURE_H
#define REGTOP_TESTS_REDIS_FIXTURE_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/strbuf.h"
#include "test.h"

/* A command (its words joined by blanks, or how they begin) and the bytes that go back; NULL: the
 * server hangs up. */
struct redis_line {
	const char *command;
	const char *reply;
	size_t n; /* of reply, when it holds a NUL */
};

static struct {
	const struct redis_line *script; /* ends with a command that is NULL; the first that fits */
	int listener;
	char address[64];
	pthread_t thread;
	pthread_mutex_t lock;
	struct strbuf heard; /* every command, a line each */
} redis_fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct redis_line *redis_find(const char *command)
{
	static const struct redis_line ok = {"", "+OK\r\n", 0};
	const struct redis_line *l = redis_fake.script;

	for (; l && l->command; l++)
		if (strncmp(command, l->command, strlen(l->command)) == 0)
			return l;
	return &ok;
}

/* The words of one command as they come; false at the end. */
static bool redis_hear(FILE *f, struct strbuf *command)
{
	unsigned words, n;

	strbuf_clear(command);
	if (fscanf(f, "*%u\r\n", &words) != 1)
		return false;
	for (unsigned i = 0; i < words; i++) {
		char *word;

		if (fscanf(f, "$%u", &n) != 1 || fgetc(f) != '\r' || fgetc(f) != '\n')
			return false;
		word = malloc(n + 2);
		if (!word || fread(word, 1, n + 2, f) != n + 2) {
			free(word);
			return false;
		}
		if (i)
			strbuf_add_char(command, ' ');
		strbuf_add(command, word, n);
		free(word);
	}
	return true;
}

static void *redis_serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	FILE *f = fdopen(fd, "r");
	struct strbuf command = STRBUF_INIT;

	while (f && redis_hear(f, &command)) {
		const struct redis_line *l;

		pthread_mutex_lock(&redis_fake.lock);
		strbuf_add_slice(&redis_fake.heard, strbuf_slice(&command));
		strbuf_add_char(&redis_fake.heard, '\n');
		l = redis_find(strbuf_str(&command));
		pthread_mutex_unlock(&redis_fake.lock);
		if (!l->reply ||
		    send(fd, l->reply, l->n ? l->n : strlen(l->reply), MSG_NOSIGNAL) < 0)
			break;
	}
	strbuf_free(&command);
	if (f)
		fclose(f);
	return NULL;
}

static void *redis_accept(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept4(redis_fake.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_t one;

		if (pthread_create(&one, NULL, redis_serve, (void *)(intptr_t)fd) == 0)
			pthread_detach(one);
		else
			close(fd);
	}
	return NULL;
}

static int redis_fake_start(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	(void)state;
	redis_fake.script = NULL;
	redis_fake.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(redis_fake.listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(redis_fake.listener, 8) < 0 ||
	    getsockname(redis_fake.listener, (struct sockaddr *)&a, &n) < 0)
		return -1;
	snprintf(redis_fake.address, sizeof(redis_fake.address), "redis://127.0.0.1:%u/2",
		 ntohs(a.sin_port));
	return pthread_create(&redis_fake.thread, NULL, redis_accept, NULL);
}

static int redis_fake_stop(void **state)
{
	(void)state;
	shutdown(redis_fake.listener, SHUT_RDWR);
	pthread_join(redis_fake.thread, NULL);
	close(redis_fake.listener);
	strbuf_free(&redis_fake.heard);
	return 0;
}

/* What was heard since the last time; the caller frees it. */
static char *redis_heard(void)
{
	char *text;

	pthread_mutex_lock(&redis_fake.lock);
	text = strbuf_take(&redis_fake.heard);
	pthread_mutex_unlock(&redis_fake.lock);
	return text;
}

static void redis_script(const struct redis_line *script)
{
	pthread_mutex_lock(&redis_fake.lock);
	redis_fake.script = script;
	pthread_mutex_unlock(&redis_fake.lock);
}

#endif
