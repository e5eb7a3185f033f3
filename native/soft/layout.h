/* SPDX-License-Identifier: Apache-2.0
 *
 * layout.h - what a guest of the soft PVG sees: registers, shared pages, packets and drawing commands.
 *
 * Offsets and opcodes follow what is publicly known of the real device's register window; where that is silent
 * the layout is this project's. Everything is little endian. Everything a guest writes is hostile: what is not
 * described here is either ignored (registers) or a fault (packets).
 *
 * This file holds numbers only; src/guest/layout.ts says the same in TypeScript, and a test compares them.
 */
#ifndef SOFT_LAYOUT_H
#define SOFT_LAYOUT_H

/* ---- registers of the gfx window ---- */
#define GFX_WINDOW_LENGTH 0x4000u

#define REG_FIFO_OFFSET 0x1000u    /* rw: byte offset of the control ring from the FIFO base, a guest page multiple */
#define REG_FIFO_LENGTH 0x1004u    /* rw: its length in bytes, a power of two, one guest page..1 MiB */
#define REG_FIFO_WRITTEN 0x1008u   /* rw: bytes the guest has put in so far (modulo 2^32), a multiple of 4 */
#define REG_FIFO_READ 0x100cu      /* ro: bytes the device has taken out so far */
#define REG_START 0x1010u          /* wo: any value (re)starts: counters and fault cleared, the internal task made, ring
                                      and shared page mapped into it. ro: 1 running, 0 not */
#define REG_DISPLAY_STATUS 0x1014u /* ro: bit n: port n has pending events; writing 1 bits clears them */
#define REG_GPU_STATUS 0x1018u     /* ro: GPU_STATUS_*; writing 1 bits clears them */
#define REG_SHARED_PFN 0x101cu     /* rw: guest page number of the shared page */
#define REG_CHILD_DOORBELL 0x1020u /* wo: number of a child FIFO (1..8) with new packets; does not wait */
#define REG_MAIN_KICK 0x1024u      /* ro: 0. wo: any value: completes when the control ring was read up to WRITTEN, halted or
                                      faulted, with every upcall of its packets answered */
#define REG_REPLAY 0x1028u         /* ignored */
#define REG_FAULT 0x102cu          /* ro: 0, or FAULT_* << 16 | opcode */
#define REG_FIFO_BASE_PFN 0x1030u  /* rw: guest page number of the FIFO base */
#define REG_VERSION 0x1034u        /* ro: VERSION_VALUE */
#define REG_DISPLAY 0x1200u        /* rw: the port that the registers from here to the last of REG_NAME are about, 0 at first; of a port
                                      that isn't there they read 0 (REG_MODE: MODE_NONE) and ignore writes */
#define REG_MODE_COUNT 0x1204u     /* ro: how many modes the host offers */
#define REG_MODE_SELECT 0x1208u    /* rw: which one the next three show */
#define REG_MODE_SIZE 0x120cu      /* ro: width << 16 | height of the selected mode, 0 if there is none */
#define REG_MODE_DEPTH 0x1218u     /* ro: 32 */
#define REG_MODE 0x121cu           /* rw: number of the mode in use, 0xffffffff before the first, or while the host's list no longer
                                      has it; writing one sets it, and the host is told afterwards. If the list changes, the number is
                                      where the new one has the same size and rate: as before if it can be, else the first */
#define REG_STRIDE_ALIGN 0x1224u   /* ro: 64 */
#define REG_STRIDE 0x1228u         /* ro: bytes in a row of the selected mode */
#define REG_PORTS 0x122cu          /* ro: how many ports there are, 1..8, whatever REG_DISPLAY says */
#define REG_SERIAL 0x1230u         /* ro: serial number of the display */
#define REG_CONNECTED 0x1234u      /* ro: 1 once the host has set the display's mode list */
#define REG_MODE_RATE 0x1238u      /* ro: rate of the selected mode in millihertz */
#define REG_SIZE_MM 0x123cu        /* ro: the display's width << 16 | height in millimetres */
#define REG_NAME 0x1240u           /* ro: the first of 4 registers with the display's name, 16 bytes, zeros behind the text */

/* ---- registers of the iosfc window, 64 bits each; an access of 4 bytes reads the low half and writes it with a high half of 0, 4 bytes
 * behind it reads the high half and writes nothing ---- */
#define IOSFC_WINDOW_LENGTH 0x10000u

#define IOSFC_RING_BASE 0x1000u     /* rw: guest-physical address of the ring, a multiple of 16 */
#define IOSFC_RING_CAPACITY 0x1008u /* rw: its entries, a power of two, 1..65536 */
#define IOSFC_TABLE 0x1010u         /* rw: guest-physical address of the surface table, a multiple of 16 */
#define IOSFC_PRODUCER 0x1018u      /* rw: entries the guest has put in so far (modulo 2^32). A write completes when the device has
                                       consumed them all, with every upcall of theirs answered */
#define IOSFC_CONSUMER 0x1020u      /* ro: entries the device has taken out so far */
#define IOSFC_STATUS 0x1028u        /* ro: IOSFC_STATUS_*; writing 1 bits clears them */

#define IOSFC_STATUS_DONE 1u  /* entries were consumed; interrupt IOSFC_VECTOR when it goes from 0 to 1 */
#define IOSFC_STATUS_FAULT 2u /* ring, table or producer make no sense, or the host refused to map ring or table: entries are ignored
                                 until the guest has cleared it, and then written IOSFC_PRODUCER again. Writing IOSFC_RING_BASE sets
                                 producer and consumer to 0 */
#define IOSFC_VECTOR 0u

/* A ring entry, 32 bytes: u32 opcode, u32 surface (0..65535), u64 gpa, u64 length (1..1 GiB), u32 flags (IOSFC_READ_ONLY), u32 result, which
 * the device writes before it moves the consumer: IOSFC_OK or IOSFC_FAILED (also for an opcode or field out of bounds, a surface mapped
 * already or not mapped). An unmapping that the host refused has failed, but the surface is unmapped all the same.
 * The surface table has 16 bytes a surface, written by the device: u64 length (0: not mapped), u32 first word of the surface as the device
 * sees it when it maps it (of a shorter one, what there is of it), u32 how often it was mapped. Table entry n is at 16·n; the device writes it
 * when it maps or unmaps the surface. Ring and table are mapped by upcalls of the mapper's own when there is an entry to consume, the ring is
 * unmapped when the guest writes IOSFC_RING_BASE or IOSFC_RING_CAPACITY and the table when it writes IOSFC_TABLE, which completes after
 * that. Surfaces stay mapped then, and when the device is reset. */
#define IOSFC_ENTRY_SIZE 32u
#define IOSFC_TABLE_ENTRY_SIZE 16u
#define IOSFC_SURFACES 65536u
#define IOSFC_RING_MAX 65536u
#define IOSFC_SURFACE_MAX_LENGTH 0x40000000u
#define IOSFC_OP_MAP 1u
#define IOSFC_OP_UNMAP 2u
#define IOSFC_READ_ONLY 1u
#define IOSFC_OK 1u
#define IOSFC_FAILED 2u

#define VERSION_VALUE 0x00010001u
#define MODE_NONE 0xffffffffu
#define FIFO_MAX_LENGTH 0x100000u

#define GPU_STATUS_STAMP 1u /* a completion stamp was written; vector VECTOR_GPU */
#define GPU_STATUS_FAULT 2u /* the device halted, see REG_FAULT; vector VECTOR_GPU */
#define VECTOR_GPU 0u
#define VECTOR_DISPLAY 1u /* or the last vector there is */

/* ---- faults: a faulted device ignores kicks and doorbells until START or a reset ---- */
#define FAULT_NOT_STARTED 1u /* kicked before START, or START with a ring or page that can't be mapped */
#define FAULT_RING 2u        /* WRITTEN is further ahead than the ring is long, or not a multiple of 4 */
#define FAULT_PACKET 3u      /* a packet's size or a field is out of bounds */
#define FAULT_OPCODE 4u      /* an opcode this device does not know in that FIFO */
#define FAULT_TASK 5u        /* a task that does not exist, exists already or was refused by the host */
#define FAULT_MEMORY 6u      /* the host refused a mapping, an unmapping or a read */
#define FAULT_FIFO 7u        /* a child FIFO that does not exist or exists already */
#define FAULT_COMMAND 8u     /* a drawing command that is malformed or reads outside its task */
#define FAULT_DISPLAY 9u     /* a port that does not exist, or drawing and swapping without a mode */

/* ---- the shared page: the device writes it, the guest reads it ---- */
#define SHARED_STAMP 0x000u /* u32[9]: last completion stamp of the control FIFO (0) and of child FIFOs 1..8 */
#define SHARED_READ 0x040u  /* u32[9]: bytes read of child FIFO n (0: unused) */

/* ---- a display's shared page, given by packet OP_SHARED_STATE ---- */
#define DISPLAY_PENDING 0x100u     /* u32: events since the guest cleared them (the guest writes 0) */
#define DISPLAY_ENABLE 0x104u      /* u32: which events raise the display's interrupt */
#define DISPLAY_CURSOR 0xe00u      /* u32, written by the guest: y << 16 | x; 0xffffffff: not on this display */
#define DISPLAY_CURSOR_SHOW 0xe04u /* u32, written by the guest: 0 hidden */
#define DISPLAY_EVENT_VBL 1u
#define DISPLAY_EVENT_PRESENT 2u
#define DISPLAY_EVENT_ONLINE 4u
#define DISPLAY_EVENT_OFFLINE 8u
#define DISPLAY_EVENT_MODES 16u /* the host has set the mode list again, also before there was a shared page */

/* ---- packets ----
 * Header, 12 bytes: u16 opcode, u16 number of stamp waits (child FIFOs only, at most 8, else a fault), u32 size of the whole packet in
 * bytes (a multiple of 4, 12..65536), u32 completion stamp (0: none; else written to the shared page and announced by
 * GPU_STATUS_STAMP when the packet is done). Then the stamp waits, 8 bytes each: u32 FIFO, u32 stamp: the packet starts
 * when that FIFO's stamp is at or beyond it (serial arithmetic). Then the body. A packet may wrap around the ring's end.
 * Bodies below are u32 fields in order; `a:64` is a 64-bit field, low half first. */
#define PACKET_HEADER_SIZE 12u
#define PACKET_MAX_SIZE 65536u
#define PACKET_MAX_WAITS 8u

/* control FIFO */
#define OP_SHARED_STATE 0x01u /* port, pfn: the display's shared page */
#define OP_ONLINE_ACK 0x02u   /* port: the guest has seen the display */
#define OP_CURSOR_GLYPH 0x04u /* port, width, height, bytesPerRow, bitsPerPixel, hotX, hotY, 0, gpa:64, length: the bitmap is read by a
                                 readMemory upcall; width and height 1..512, length = bytesPerRow·height at most 4 MiB */
#define OP_CURSOR_SHOW 0x05u  /* port, show: also makes the device look at DISPLAY_CURSOR (cursorMove) */
#define OP_DELETE_TASK 0x20u  /* task: its child FIFOs are freed first */
#define OP_UNMAP 0x22u        /* task, 0, offset:64, length:64 */
#define OP_DEFINE_FIFO 0x30u  /* fifo 1..8, task, offset:64, length: the child ring's header and data in the task; the data
                                 part, length - 64, is a power of two, 4096..1 MiB */
#define OP_FREE_FIFO 0x31u    /* fifo */
#define OP_DEFINE_TASK 0x38u  /* task 1..255, 0, length:64: a page multiple, at most 16 GiB */
#define OP_MAP 0x39u          /* task, flags (1: read-only), offset:64, count 0..1024, 0, then count × (gpa:64, length:64) */

/* child FIFOs: in the task, u32 written at offset 0 (bytes so far, modulo 2^32), data from offset 64 */
#define OP_SWAP 0x08u /* port, tag: what was drawn becomes the next frame; done when it is the current one */
#define OP_EXEC 0x37u /* task, length, offset:64[, port, 0 if left out]: `length` bytes (at most 1 MiB) of drawing commands for the frame
                         being drawn of that port */
#define CHILD_RING_DATA 64u
#define CHILD_FIFO_MAX 8u
#define TASK_MAX 255u
#define EXEC_MAX_LENGTH 0x100000u
#define MAP_MAX_PIECES 1024u
#define MAP_READ_ONLY 1u
#define GLYPH_MAX_SIDE 512u

/* ---- drawing commands ----
 * u32 opcode, u32 size in bytes, then i32 x, i32 y, u32 width, u32 height of the target rectangle in the frame being drawn,
 * which is clipped to the mode (width and height at most 16384, x and y within ±32768, else a fault). Pixels are u32 words
 * 0xAARRGGBB. After a swap the frame being drawn has undefined content: draw all of it. */
#define DRAW_FILL 1u       /* size 32: …, u32 colour, u32 0 */
#define DRAW_COPY 2u       /* size 40: …, u32 stride in bytes (multiple of 4, at least 4·width), u32 0, source:64 offset in the exec's task */
#define DRAW_BLEND 3u      /* as copy; the source's straight alpha a: each of R, G, B: t = s·a + d·(255-a) + 128, (t + (t >> 8)) >> 8; A = 255 */
#define DRAW_BLEND_FILL 4u /* as fill, blended as above */

#endif
