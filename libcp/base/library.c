/* SPDX-License-Identifier: Apache-2.0 */
/* Shared libraries that are opened when they are needed. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

bool cpi_library_open(
	const char *soname, const struct cpi_library_function *functions, size_t n)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	for (size_t i = 0; library && i < n; i++) {
		void *p = dlsym(library, functions[i].name);

		if (!p) {
			dlclose(library);
			return false;
		}
		memcpy(functions[i].to, &p, sizeof p);
	}
	return library != NULL;
}
