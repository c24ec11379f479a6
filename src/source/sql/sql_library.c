/* A client library that is opened when it is first needed, and its functions found by name. */
#include "source/sql/sql_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool find_all(struct sql_library *l)
{
	void *so = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; so && i < l->count; i++) {
		l->functions[i] = dlsym(so, l->names[i]);
		if (!l->functions[i])
			return false;
	}
	return so != NULL;
}

bool sql_library_open(struct sql_library *l, struct err *e)
{
	bool there;

	pthread_mutex_lock(&lock);
	there = l->there = l->there || find_all(l);
	pthread_mutex_unlock(&lock);
	if (!there)
		err_set(e, -EPROTONOSUPPORT, NULL,
			"The library %s is not on this machine; it comes with the package %s.",
			l->file, l->package);
	return there;
}
