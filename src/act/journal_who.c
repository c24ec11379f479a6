/* Who is at the keyboard: the user, the one behind sudo, and the SSH client. */
#include "act/journal_who.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"

#define WHO_ANCESTORS 16
#define WHO_WORD      96

static void add_user(uid_t uid, struct strbuf *out)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw && pw->pw_name)
		text_clean(slice_of(pw->pw_name), false, out);
	else
		strbuf_addf(out, "uid %lu", (unsigned long)uid);
}

/* A small file of /proc, NUL-terminated; returns its length, 0 when it cannot be read. */
static size_t read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return 0;
	while (n < size - 1) {
		ssize_t got = read(fd, buf + n, size - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	buf[n] = '\0';
	return n;
}

/* Field 4 of /proc/PID/stat; the command in field 2 may hold blanks and brackets. */
static long parent_of(long pid)
{
	char path[64], buf[512], state;
	const char *end;
	long parent;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (read_small(path, buf, sizeof(buf)) == 0)
		return 0;
	end = strrchr(buf, ')');
	if (!end || sscanf(end + 1, " %c %ld", &state, &parent) != 2)
		return 0;
	return parent;
}

/* sudo wipes SSH_CONNECTION from the environment, but the shell it was called from still has it. */
static bool ssh_from_ancestors(char *out, size_t size)
{
	static const char name[] = "SSH_CONNECTION=";
	static char env[65536];
	long pid = getppid();

	for (int i = 0; i < WHO_ANCESTORS && pid > 1; i++, pid = parent_of(pid)) {
		char path[64];
		size_t n;

		snprintf(path, sizeof(path), "/proc/%ld/environ", pid);
		n = read_small(path, env, sizeof(env));
		for (size_t at = 0; at < n; at += strlen(env + at) + 1) {
			if (strncmp(env + at, name, sizeof(name) - 1) == 0) {
				slice_to_buf(slice_of(env + at + sizeof(name) - 1), out, size);
				return true;
			}
		}
	}
	return false;
}

/* "client-address client-port server-address server-port": the first word. */
static bool ssh_client(char *out, size_t size)
{
	const char *env = getenv("SSH_CONNECTION");
	char found[WHO_WORD];
	struct slice head;

	if (env && *env)
		slice_to_buf(slice_of(env), found, sizeof(found));
	else if (!ssh_from_ancestors(found, sizeof(found)))
		return false;
	slice_cut(slice_of(found), ' ', &head);
	text_clean_buf(head, out, size);
	return out[0] != '\0';
}

/* The user of the login that this session began with survives su; 4294967295 is "none". */
static bool login_user(uid_t *uid)
{
	char buf[32];
	uint64_t v;

	if (read_small("/proc/self/loginuid", buf, sizeof(buf)) == 0 ||
	    !slice_to_u64(slice_trim(slice_of(buf)), UINT32_MAX - 1, &v))
		return false;
	*uid = (uid_t)v;
	return true;
}

void journal_who(struct strbuf *out)
{
	const char *sudo = getenv("SUDO_USER");
	const char *before = " (";
	char client[WHO_WORD];
	uid_t login;

	if (!sudo || !*sudo)
		sudo = getenv("DOAS_USER");
	add_user(getuid(), out);
	if (sudo && *sudo) {
		strbuf_add_str(out, " (sudo from ");
		text_clean(slice_of(sudo), false, out);
		before = ", ";
	} else if (login_user(&login) && login != getuid()) {
		strbuf_add_str(out, " (login ");
		add_user(login, out);
		before = ", ";
	}
	if (ssh_client(client, sizeof(client))) {
		strbuf_addf(out, "%sssh %s", before, client);
		before = ", ";
	}
	if (before[0] == ',')
		strbuf_add_char(out, ')');
}
