/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_socket.h - the part of the C ABI with which a virtual machine monitor in another process reaches a device: Unix sockets that carry
 * descriptors, and descriptors that an interrupt is signalled on. The rules at the head of pvg_bridge.h hold here too, but for one:
 * sockets, event descriptors and what a peer sends are the system's file descriptors, since they come from other processes and go there.
 *
 * It knows no protocol: bytes and descriptors, in the order in which they came.
 */
#ifndef PVG_SOCKET_H
#define PVG_SOCKET_H

#include <stdint.h>

#include "pvg_host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Descriptors that one receive takes at most; if a peer sends more at once none of them is taken. */
#define PVG_SOCKET_DESCRIPTORS 16

/* A stream socket that listens at `path` (1..107 bytes), where nothing may stand, and to which this user only can connect: its descriptor.
 * PVG_E_ARGUMENT (the path is too long), PVG_E_REFUSED (what the system says). */
PVG_API int32_t pvg_socket_listen(const char *path);

/* A socket that is connected to the one that listens at `path`. PVG_E_ARGUMENT and PVG_E_REFUSED as above. */
PVG_API int32_t pvg_socket_connect(const char *path);

/* What `fd` is: 1 if it is a Unix stream socket that listens, 0 if it is one that is connected, else PVG_E_ARGUMENT. */
PVG_API int32_t pvg_socket_listens(int32_t fd);

/* The next peer of a listening socket: its descriptor. BLOCKS until there is one, or until `wake`, an event descriptor, was signalled, which
 * is then taken back: PVG_E_WOKEN. While the process can open no more descriptors nobody is let in. PVG_E_REFUSED: what the system says. */
PVG_API int32_t pvg_socket_accept(int32_t listener, int32_t wake);

/* Takes what has come, at most `room` bytes: how many. `descriptors` has room for 1 + PVG_SOCKET_DESCRIPTORS numbers: how many came with
 * the last of those bytes, and then they themselves, which are the caller's from now on; if there were more than fit, or the process can open no
 * more, or one of them is a socket, 1 + PVG_SOCKET_DESCRIPTORS is said, and all of them are closed: a peer's own end of the connection, kept
 * here, would keep it from ever ending. If there is nothing it polls for `poll_us` at most (0..1000) and then sleeps. 0: the peer has closed its
 * end. PVG_E_WOKEN as in accept; PVG_E_CLOSED: the connection has failed, or nothing has come for `timeout_ms` (below 0: however long that
 * takes). */
PVG_API int32_t pvg_socket_receive(int32_t socket, int32_t wake, void *bytes, uint32_t room, int32_t *descriptors, uint32_t poll_us,
                                   int32_t timeout_ms);

/* Sends `length` bytes, and with the first of them `count` (0..PVG_SOCKET_DESCRIPTORS) descriptors, which stay the caller's: how many bytes
 * were sent, 1 or more. BLOCKS while the peer takes nothing, for `timeout_ms` at most: then PVG_E_CLOSED, as if the connection had failed.
 * PVG_E_WOKEN as in accept, before anything was sent. */
PVG_API int32_t pvg_socket_send(int32_t socket, int32_t wake, const void *bytes, uint32_t length, const int32_t *descriptors,
                                uint32_t count, int32_t timeout_ms);

/* Two sockets that are connected to each other. */
PVG_API int32_t pvg_socket_pair(int32_t *sockets);

/* A second descriptor of the same file, closed on exec. PVG_E_NO_MEMORY: there are too many. */
PVG_API int32_t pvg_descriptor_duplicate(int32_t fd);

/* Closes a descriptor of the caller's. */
PVG_API int32_t pvg_descriptor_close(int32_t fd);

/* A descriptor that can be signalled, and waited for. */
PVG_API int32_t pvg_event_create(void);

/* 1 if `fd` is an event descriptor, else 0. */
PVG_API int32_t pvg_event_is(int32_t fd);

/* Signals an event descriptor. Does not block, whatever its other owners do: one that was signalled 2^64 - 2 times without being looked at
 * stays full. PVG_E_ARGUMENT: it is not open. */
PVG_API int32_t pvg_event_signal(int32_t fd);

/* ---- interrupts ---- */

#define PVG_SIGNALS 64u /* interrupt lines or vectors of a group's device */

/* From now on vector `vector` (0..PVG_SIGNALS - 1) of the group's device is signalled on event descriptor `fd`, which is duplicated, or on
 * none if that is below 0. Once it has returned nothing is signalled on the one from before. PVG_E_ARGUMENT: it is no event descriptor. */
PVG_API int32_t pvg_signal_set(uint32_t group, uint32_t vector, int32_t fd);

/* Signals a vector: 1 if it has a descriptor, 0 if it has none. Called by whoever delivers the device's interrupts. Does not block. */
PVG_API int32_t pvg_signal_raise(uint32_t group, uint32_t vector);

#ifdef __cplusplus
}
#endif

#endif
