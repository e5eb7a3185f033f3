/* SPDX-License-Identifier: Apache-2.0
 *
 * dispatch/dispatch.h - as much of libdispatch as the bridge uses, for machines without one. dispatch.m has it for Linux.
 */
#ifndef STANDIN_DISPATCH_H
#define STANDIN_DISPATCH_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dispatch_queue_s *dispatch_queue_t;
typedef struct dispatch_queue_attr_s *dispatch_queue_attr_t;
typedef void (^dispatch_block_t)(void);

#define DISPATCH_QUEUE_SERIAL ((dispatch_queue_attr_t)0)

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes);
void dispatch_async(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_sync(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_retain(dispatch_queue_t queue);
void dispatch_release(dispatch_queue_t queue);

#ifdef __cplusplus
}
#endif
#endif
