/* SPDX-License-Identifier: Apache-2.0
 *
 * glibc.h - lets a library that was linked on a new machine load on an old one: with x86-64's glibc, threads' functions by their first versions.
 *
 * glibc 2.34 moved them from libpthread into libc and gave them a version for that, which is all that is new about them. Whoever links there
 * asks for that version, and an older glibc refuses the library. With these names it needs 2.27, for memfd_create(); Node.js itself needs 2.28.
 *
 * Invariant: included before each of the product's files by the compiler's command (build.mjs), and by none. A function that is missing
 * here makes no difference but to who can load the library, and test/package.test.ts looks at that.
 */
#ifndef PVG_GLIBC_H
#define PVG_GLIBC_H

/* A header of glibc's alone is looked for and none included, since the sources still have to say which functions they want (_GNU_SOURCE). */
#if defined(__x86_64__) && !defined(__ILP32__) && __has_include(<gnu/libc-version.h>)
#define PVG_OLD(name, version) __asm__(".symver " #name "," #name "@GLIBC_" version)
PVG_OLD(pthread_condattr_setclock, "2.3.3");
PVG_OLD(pthread_create, "2.2.5");
PVG_OLD(pthread_getspecific, "2.2.5");
PVG_OLD(pthread_join, "2.2.5");
PVG_OLD(pthread_key_create, "2.2.5");
PVG_OLD(pthread_mutex_trylock, "2.2.5");
PVG_OLD(pthread_once, "2.2.5");
PVG_OLD(pthread_rwlock_destroy, "2.2.5");
PVG_OLD(pthread_rwlock_init, "2.2.5");
PVG_OLD(pthread_rwlock_rdlock, "2.2.5");
PVG_OLD(pthread_rwlock_tryrdlock, "2.2.5");
PVG_OLD(pthread_rwlock_unlock, "2.2.5");
PVG_OLD(pthread_rwlock_wrlock, "2.2.5");
PVG_OLD(pthread_setname_np, "2.12");
PVG_OLD(pthread_setspecific, "2.2.5");
PVG_OLD(pthread_sigmask, "2.2.5");
#undef PVG_OLD
#endif

#endif
