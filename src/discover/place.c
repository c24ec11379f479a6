/* Files below the folder that a search begins at: who may be trusted with them, and reading them
 * without harm. */
#include "discover/place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdlib.h>
#include "base/alloc.h"

char *discover_path(const struct discover_place *p, const char *path)
{
	return xasprintf("%s%s%s", p->root, path[0] == '/' ? "" : "/", path);
}

static bool may(const struct discover_place *p, const char *path, int what)
{
	char *full = discover_path(p, path);
	bool yes = access(full, what) == 0;

	free(full);
	return yes;
}

bool discover_exists(const struct discover_place *p, const char *path)
{
	return may(p, path, F_OK);
}

bool discover_writable(const struct discover_place *p, const char *path)
{
	return may(p, path, W_OK);
}

bool discover_trusts(uid_t uid)
{
	static const char *const accounts[] = {"kamailio", "opensips", "openser"};

	if (uid == 0 || uid == geteuid())
		return true;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts); i++) {
		const struct passwd *pw = getpwnam(accounts[i]);

		if (pw && pw->pw_uid == uid)
			return true;
	}
	return false;
}

static int check(int fd, bool believe)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!believe)
		return 0;
	return discover_trusts(st.st_uid) && !(st.st_mode & S_IWOTH) ? 0 : -EPERM;
}

static int read_file(const struct discover_place *p, const char *path, size_t max, bool believe,
		     struct strbuf *out)
{
	char *full = discover_path(p, path), buf[8192];
	/* A FIFO or a device in the place of a file is not waited for. */
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc = fd < 0 ? -errno : check(fd, believe);
	size_t total = 0;
	ssize_t n = 1;

	free(full);
	while (rc == 0 && n > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0)
			rc = -errno;
		else if ((total += (size_t)n) > max)
			rc = -EFBIG;
		else
			strbuf_add(out, buf, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

int discover_read(const struct discover_place *p, const char *path, size_t max, struct strbuf *out)
{
	return read_file(p, path, max, true, out);
}

int discover_peek(const struct discover_place *p, const char *path, size_t max, struct strbuf *out)
{
	return read_file(p, path, max, false, out);
}
