/* SPDX-License-Identifier: Apache-2.0
 *
 * stdio.h - as much of it as the bridge uses.
 */
#ifndef STUB_STDIO_H
#define STUB_STDIO_H

#include <stdarg.h>
#include <stddef.h>

typedef struct stub_file FILE;
extern FILE *__stderrp;
#define stderr __stderrp

int fprintf(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
int snprintf(char *text, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *text, size_t room, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
