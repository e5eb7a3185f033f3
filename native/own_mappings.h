/* SPDX-License-Identifier: Apache-2.0
 *
 * own_mappings.h - what the system says is mapped in this process.
 */
#ifndef PVG_OWN_MAPPINGS_H
#define PVG_OWN_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

/* PVG_OK if [address, address+length) is whole pages of one shared mapping that can be read, and written if `writable` is true; parts with
 * different protection are one mapping if they are of one file. (own_mappings.c) */
int32_t pvgi_check_shared(uint64_t address, uint64_t length, bool writable);

#endif
