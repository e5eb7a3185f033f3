/* SPDX-License-Identifier: Apache-2.0
 *
 * pthread.h - as much of macOS's threads as the bridge uses; sizes are not the system's.
 */
#ifndef STUB_PTHREAD_H
#define STUB_PTHREAD_H

typedef struct { long opaque[8]; } pthread_mutex_t;
typedef struct { long opaque[6]; } pthread_cond_t;
typedef struct { long opaque[2]; } pthread_condattr_t;
typedef struct { long opaque[2]; } pthread_once_t;
typedef struct stub_thread *pthread_t;

#define PTHREAD_MUTEX_INITIALIZER {{0}}
#define PTHREAD_ONCE_INIT {{0}}

int pthread_mutex_init(pthread_mutex_t *mutex, const void *attributes);
int pthread_mutex_destroy(pthread_mutex_t *mutex);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes);
int pthread_cond_destroy(pthread_cond_t *cond);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);
int pthread_join(pthread_t thread, void **result);
int pthread_detach(pthread_t thread);
int pthread_once(pthread_once_t *once, void (*routine)(void));

#endif
