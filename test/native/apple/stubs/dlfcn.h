/* SPDX-License-Identifier: Apache-2.0
 *
 * dlfcn.h - as much of it as the bridge uses.
 */
#define RTLD_NOW 2
#define RTLD_GLOBAL 8

void *dlopen(const char *path, int mode);
void *dlsym(void *image, const char *name);
char *dlerror(void);
