/* SPDX-License-Identifier: Apache-2.0
 *
 * stdlib.h - as much of it as the bridge uses.
 */
#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *memory);
char *getenv(const char *name);
