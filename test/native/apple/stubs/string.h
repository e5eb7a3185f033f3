/* SPDX-License-Identifier: Apache-2.0
 *
 * string.h - as much of it as the bridge uses.
 */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *one, const void *other, size_t bytes);
size_t strlen(const char *text);
char *strchr(const char *text, int byte);
int strcmp(const char *one, const char *other);
int strncmp(const char *one, const char *other, size_t bytes);
