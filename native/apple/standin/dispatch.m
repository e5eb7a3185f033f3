/* SPDX-License-Identifier: Apache-2.0
 *
 * dispatch.m - serial dispatch queues, each a thread: as much of libdispatch as the bridge and the stand-in use.
 *
 * There is no main queue, since in Node nobody would drain it. A queue's thread ends when all its references are gone, which blocks that are queued have
 * as well, and all that was queued has run.
 */
#import <Foundation/Foundation.h>
#include <Block.h>
#include <dispatch/dispatch.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "standin.h"

#pragma GCC visibility push(default)
dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes);
void dispatch_async(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_sync(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_retain(dispatch_queue_t queue);
void dispatch_release(dispatch_queue_t queue);
#pragma GCC visibility pop

struct item {
  struct item *next;
  dispatch_block_t block;
};

struct dispatch_queue_s {
  pthread_mutex_t lock;
  pthread_cond_t cond;
  struct item *first, **last;
  uint32_t refs; /* the holders', guarded by the lock */
};

static void run(dispatch_block_t block) {
  @autoreleasepool {
    block();
    Block_release(block);
  }
}

static void *queue_main(void *argument) {
  struct dispatch_queue_s *queue = argument;
  pthread_mutex_lock(&queue->lock);
  for (;;) {
    while (queue->first == NULL && queue->refs != 0) pthread_cond_wait(&queue->cond, &queue->lock);
    struct item *item = queue->first;
    if (item == NULL) break;
    queue->first = item->next;
    if (queue->first == NULL) queue->last = &queue->first;
    pthread_mutex_unlock(&queue->lock);
    run(item->block);
    free(item);
    pthread_mutex_lock(&queue->lock);
  }
  pthread_mutex_unlock(&queue->lock);
  pthread_mutex_destroy(&queue->lock);
  pthread_cond_destroy(&queue->cond);
  free(queue);
  standin_count(-1);
  return NULL;
}

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes) {
  (void)label;
  (void)attributes;
  struct dispatch_queue_s *queue = calloc(1, sizeof *queue);
  if (queue == NULL) return NULL;
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->cond, NULL);
  queue->last = &queue->first;
  queue->refs = 1;
  pthread_t thread;
  if (pthread_create(&thread, NULL, queue_main, queue) != 0) {
    free(queue);
    return NULL;
  }
  pthread_detach(thread);
  standin_count(1);
  return queue;
}

void dispatch_retain(dispatch_queue_t queue) {
  pthread_mutex_lock(&queue->lock);
  queue->refs++;
  pthread_mutex_unlock(&queue->lock);
}

void dispatch_release(dispatch_queue_t queue) {
  pthread_mutex_lock(&queue->lock);
  queue->refs--;
  pthread_cond_signal(&queue->cond);
  pthread_mutex_unlock(&queue->lock);
}

void dispatch_async(dispatch_queue_t queue, dispatch_block_t block) {
  struct item *item = calloc(1, sizeof *item);
  if (item == NULL) abort();
  item->block = Block_copy(block);
  pthread_mutex_lock(&queue->lock);
  *queue->last = item;
  queue->last = &item->next;
  pthread_cond_signal(&queue->cond);
  pthread_mutex_unlock(&queue->lock);
}

void dispatch_sync(dispatch_queue_t queue, dispatch_block_t block) {
  struct { pthread_mutex_t lock; pthread_cond_t cond; bool done; } wait = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
  __typeof__(wait) *done = &wait;
  dispatch_async(queue, ^{
    block();
    pthread_mutex_lock(&done->lock);
    done->done = true;
    pthread_cond_signal(&done->cond);
    pthread_mutex_unlock(&done->lock);
  });
  pthread_mutex_lock(&wait.lock);
  while (!wait.done) pthread_cond_wait(&wait.cond, &wait.lock);
  pthread_mutex_unlock(&wait.lock);
}
