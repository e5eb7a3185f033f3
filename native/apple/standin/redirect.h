/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect.h - read before each of the software PVG's files where it is behind the stand-in: what it asks of a host goes to the framework's blocks
 * (memory.m, events.m), on the very thread that asks.
 */
#ifndef STANDIN_REDIRECT_H
#define STANDIN_REDIRECT_H

#define pvgi_upcall standin_upcall
#define pvgi_post standin_post
#define pvgi_post_glyph standin_post_glyph
#define pvgi_range_acquire standin_range_acquire
#define pvgi_range_release standin_range_release
#define pvgi_ram_find standin_ram_find
#define pvgi_ram_release standin_ram_release

#endif
