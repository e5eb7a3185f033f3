/**
 * The closed list of trace events, with QEMU's names and argument formats (device.md 8).
 *
 * A line is `name args`. `apple_gfx_*` are QEMU's; `agfx_*` are ours, about the actors: `job` and `cause` are the numbers of jobs, the
 * cause being the job inside which something happened, 0 if it was inside none.
 */

/** What was too large to be exact (src/bridge/records.ts) is written as the largest number there is. */
const hex = (value: number): string => (Number.isFinite(value) ? `0x${value.toString(16)}` : '0xffffffffffffffff');
/** A 64-bit number in two halves. */
const hex64 = ({ value, high }: { value: number; high: number }): string =>
  high === 0 ? hex(value) : `0x${high.toString(16)}${value.toString(16).padStart(8, '0')}`;

interface Access {
  readonly offset: number;
  readonly value: number;
  readonly high: number;
}
interface Mapping {
  readonly gpa: number;
  readonly length: number;
  readonly readOnly: number;
  readonly va: number;
  readonly e: number;
  readonly f: number;
  readonly address: number;
  /** Printed up to v5. */
  readonly ok?: number;
}
interface Queued {
  /** What it is: the name of a message or an upcall. */
  readonly kind: string;
  readonly id: number;
  readonly cause: number;
}
interface Delivered {
  readonly kind: string;
  readonly id: number;
  readonly thread: number;
  readonly detail: number;
}
interface Machine {
  readonly machine: number;
  readonly instance: number;
  readonly state: number;
}
const queued = (a: Queued): string => `kind=${a.kind} id=${hex(a.id)} cause=${a.cause}`;

/** How each event's arguments are written; the parameter types are the events' arguments. */
export const TRACE_FORMATS = {
  apple_gfx_read: (a: Access) => `offset=${hex(a.offset)} res=${hex64(a)}`,
  apple_gfx_write: (a: Access) => `offset=${hex(a.offset)} val=${hex64(a)}`,
  apple_gfx_create_task: (a: { length: number; base: number }) => `vm_size=${hex(a.length)} base_addr=${hex(a.base)}`,
  apple_gfx_destroy_task: (a: { task: number; regions: number }) => `task=${hex(a.task)}, task->mapped_regions->len=${a.regions}`,
  apple_gfx_map_memory: (a: { task: number; count: number; offset: number; readOnly: number }) =>
    `task=${hex(a.task)} range_count=${hex(a.count)} virtual_offset=${hex(a.offset)} read_only=${a.readOnly}`,
  apple_gfx_map_memory_range: (a: { index: number; gpa: number; length: number }) =>
    `[${a.index}] phys_addr=${hex(a.gpa)} phys_len=${hex(a.length)}`,
  apple_gfx_remap: (a: { status: number; source: number; target: number }) =>
    `retval=${a.status} source=${hex(a.source)} target=${hex(a.target)}`,
  apple_gfx_unmap_memory: (a: { task: number; offset: number; length: number }) =>
    `task=${hex(a.task)} virtual_offset=${hex(a.offset)} length=${hex(a.length)}`,
  apple_gfx_read_memory: (a: { gpa: number; length: number; destination: number }) =>
    `phys_addr=${hex(a.gpa)} length=${hex(a.length)} dest=${hex(a.destination)}`,
  apple_gfx_raise_irq: (a: { vector: number }) => `vector=${hex(a.vector)}`,
  apple_gfx_new_frame: (_: undefined) => '',
  apple_gfx_mode_change: (a: { width: number; height: number }) => `x=${a.width} y=${a.height}`,
  apple_gfx_cursor_set: (a: { bpp: number; width: number; height: number }) => `bpp=${a.bpp} width=${a.width} height=${hex(a.height)}`,
  apple_gfx_cursor_show: (a: { show: number }) => `show=${a.show}`,
  apple_gfx_cursor_move: (_: undefined) => '',
  apple_gfx_common_init: (a: { name: string; length: number }) => `device: ${a.name}; MMIO size: ${a.length} bytes`,
  apple_gfx_common_realize_modes_property: (a: { count: number }) => `using ${a.count} modes supplied by 'display-modes' device property`,
  apple_gfx_display_mode: (a: { index: number; width: number; height: number }) =>
    `mode ${String(a.index).padStart(2)}: ${String(a.width).padStart(4)}x${String(a.height).padStart(4)}`,
  apple_gfx_mmio_iosfc_read: (a: Access) => `offset=${hex(a.offset)} res=${hex64(a)}`,
  apple_gfx_mmio_iosfc_write: (a: Access) => `offset=${hex(a.offset)} val=${hex64(a)}`,
  apple_gfx_iosfc_map_memory: (a: Mapping) =>
    `phys=${hex(a.gpa)} len=${hex(a.length)} ro=${a.readOnly} va=${hex(a.va)} e=${hex(a.e)} f=${hex(a.f)} -> *va=${hex(a.address)}${a.ok === undefined ? '' : `, success = ${a.ok}`}`,
  apple_gfx_iosfc_map_memory_new_region: (a: { index: number; region: number; start: number; end: number }) =>
    `index=${a.index}, region=${hex(a.region)}, ${hex(a.start)}-${hex(a.end)}`,
  apple_gfx_iosfc_unmap_memory: (a: { words: readonly number[] }) =>
    [...'abcdef'].map((name, index) => `${name}=${hex(a.words[index] ?? 0)}`).join(' '),
  /** With an index as v5 prints it, without as `bh` does. */
  apple_gfx_iosfc_unmap_memory_region: (a: { address: number; region: number; index?: number; count?: number }) =>
    a.index === undefined
      ? `unmapping @ ${hex(a.address)} from memory region ${hex(a.region)}`
      : `mapping @ ${hex(a.address)} in region ${a.index}, map count ${a.count ?? 0}, memory region ${hex(a.region)}`,
  apple_gfx_iosfc_raise_irq: (a: { vector: number }) => `vector=${hex(a.vector)}`,

  /** Of PVG's own threads, which wrote faster than anybody read. */
  agfx_traces_lost: (a: { count: number }) => `count=${a.count}`,
  agfx_bh_scheduled: queued,
  agfx_bh_began: queued,
  agfx_bh_ended: queued,
  agfx_bql_requested: queued,
  agfx_bql_taken: queued,
  agfx_bql_released: (_: undefined) => '',
  agfx_bql_wait_began: (a: { job: number; depth: number }) => `job=${a.job} depth=${a.depth}`,
  agfx_bql_wait_ended: (a: { job: number; depth: number }) => `job=${a.job} depth=${a.depth}`,
  agfx_job_submitted: (a: { job: number; cause: number }) => `job=${a.job} cause=${a.cause}`,
  agfx_job_began: (a: { job: number }) => `job=${a.job}`,
  agfx_job_ended: (a: { job: number; ok: number }) => `job=${a.job} ok=${a.ok}`,
  agfx_job_completed: (a: { job: number; ok: number }) => `job=${a.job} ok=${a.ok}`,
  agfx_queue_posted: (a: Queued) => `queue=render ${queued(a)}`,
  agfx_queue_began: (a: { kind: string; id: number }) => `queue=render kind=${a.kind} id=${hex(a.id)}`,
  agfx_queue_ended: (a: { kind: string; id: number }) => `queue=render kind=${a.kind} id=${hex(a.id)}`,
  /** Only on a device that is to trace its deliveries: an actor has taken so many messages at once, which come next. */
  agfx_batch_taken: (a: { count: number }) => `count=${a.count}`,
  /** `thread`: PVG's that posted it, 0 if that is none of PVG's. `detail`: what detailOf() says. */
  agfx_message_taken: (a: Delivered) => `kind=${a.kind} id=${hex(a.id)} thread=${a.thread} detail=${hex(a.detail)}`,
  /** Only on a device that is recorded or shown, as all that follow. A machine (MACHINE_NAMES) begins: which one of its kind, and its first state. */
  agfx_machine_started: (a: Machine) => `machine=${MACHINE_NAMES[a.machine] ?? a.machine} instance=${a.instance} state=${a.state}`,
  /** `event`, `state`: numbers of the machine's table (MachineTable.events and values). */
  agfx_machine_moved: (a: Machine & { event: number }) =>
    `machine=${MACHINE_NAMES[a.machine] ?? a.machine} instance=${a.instance} event=${a.event} state=${a.state}`,
  /** To the mailbox of that handle; what PVG's threads post is known when it is taken. */
  agfx_message_posted: (a: { kind: string; id: number; mailbox: number }) => `kind=${a.kind} id=${hex(a.id)} mailbox=${hex(a.mailbox)}`,
  /** The render queue, or who renders in its place, enters PVG to encode, and has come back. */
  agfx_encode_began: (a: { frame: number; display: number }) => `frame=${a.frame} display=${a.display}`,
  agfx_encode_ended: (a: { frame: number; display: number; ok: number }) => `frame=${a.frame} display=${a.display} ok=${a.ok}`,
  /** A texture was copied into the console's surface, and which of the guest's presents it is. */
  agfx_frame_shown: (a: { display: number; present: number }) => `display=${a.display} present=${a.present}`,
  /** The thread is about to wait for messages; what it noted before belongs to the batch that ends here. */
  agfx_batch_ended: (_: undefined) => '',
} as const;

/** The machines whose moves are traced, in the order of their numbers. */
export const MACHINE_NAMES = ['lock', 'mmioJob', 'mappingJob', 'framePipeline', 'renderQueue', 'lifeCycle'] as const;
export type MachineName = (typeof MACHINE_NAMES)[number];

export type TraceName = keyof typeof TRACE_FORMATS;
export type TraceArgs<N extends TraceName> = Parameters<(typeof TRACE_FORMATS)[N]>[0];

/** The names by number, and the numbers by name: how trace rings call the events. */
export const TRACE_NAMES = Object.keys(TRACE_FORMATS) as readonly TraceName[];
export const TRACE_IDS = Object.fromEntries(TRACE_NAMES.map((name, id) => [name, id])) as Readonly<Record<TraceName, number>>;

/** Which of an event's arguments a trace ring has, in its order; texts and lists are left out, but for `kind`, which is a number there. */
export const RING_FIELDS: Readonly<Record<TraceName, readonly string[]>> = {
  apple_gfx_read: ['offset', 'value', 'high'],
  apple_gfx_write: ['offset', 'value', 'high'],
  apple_gfx_create_task: ['length', 'base'],
  apple_gfx_destroy_task: ['task', 'regions'],
  apple_gfx_map_memory: ['task', 'count', 'offset', 'readOnly'],
  apple_gfx_map_memory_range: ['index', 'gpa', 'length'],
  apple_gfx_remap: ['status', 'source', 'target'],
  apple_gfx_unmap_memory: ['task', 'offset', 'length'],
  apple_gfx_read_memory: ['gpa', 'length', 'destination'],
  apple_gfx_raise_irq: ['vector'],
  apple_gfx_new_frame: [],
  apple_gfx_mode_change: ['width', 'height'],
  apple_gfx_cursor_set: ['bpp', 'width', 'height'],
  apple_gfx_cursor_show: ['show'],
  apple_gfx_cursor_move: [],
  apple_gfx_common_init: ['length'],
  apple_gfx_common_realize_modes_property: ['count'],
  apple_gfx_display_mode: ['index', 'width', 'height'],
  apple_gfx_mmio_iosfc_read: ['offset', 'value', 'high'],
  apple_gfx_mmio_iosfc_write: ['offset', 'value', 'high'],
  apple_gfx_iosfc_map_memory: ['gpa', 'length', 'readOnly', 'address'],
  apple_gfx_iosfc_map_memory_new_region: ['index', 'region', 'start', 'end'],
  apple_gfx_iosfc_unmap_memory: [],
  apple_gfx_iosfc_unmap_memory_region: ['address', 'region', 'index', 'count'],
  apple_gfx_iosfc_raise_irq: ['vector'],
  agfx_traces_lost: ['count'],
  agfx_bh_scheduled: ['kind', 'id', 'cause'],
  agfx_bh_began: ['kind', 'id', 'cause'],
  agfx_bh_ended: ['kind', 'id', 'cause'],
  agfx_bql_requested: ['kind', 'id', 'cause'],
  agfx_bql_taken: ['kind', 'id', 'cause'],
  agfx_bql_released: [],
  agfx_bql_wait_began: ['job', 'depth'],
  agfx_bql_wait_ended: ['job', 'depth'],
  agfx_job_submitted: ['job', 'cause'],
  agfx_job_began: ['job'],
  agfx_job_ended: ['job', 'ok'],
  agfx_job_completed: ['job', 'ok'],
  agfx_queue_posted: ['kind', 'id', 'cause'],
  agfx_queue_began: ['kind', 'id'],
  agfx_queue_ended: ['kind', 'id'],
  agfx_batch_taken: ['count'],
  agfx_message_taken: ['kind', 'id', 'thread', 'detail'],
  agfx_machine_started: ['machine', 'instance', 'state'],
  agfx_machine_moved: ['machine', 'instance', 'event', 'state'],
  agfx_message_posted: ['kind', 'id', 'mailbox'],
  agfx_encode_began: ['frame', 'display'],
  agfx_encode_ended: ['frame', 'display', 'ok'],
  agfx_frame_shown: ['display', 'present'],
  agfx_batch_ended: [],
};

function expressionOf(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

/**
 * A predicate for QEMU's `-trace` globs: `*` stands for any text, `?` for one character. The globs act in order, and one
 * with `-` in front switches off what it matches.
 */
export function tracePattern(globs: readonly string[]): (name: string) => boolean {
  const rules = globs.map((glob) => ({ on: !glob.startsWith('-'), expression: expressionOf(glob.replace(/^-/, '')) }));
  return (name) => rules.reduce((on, rule) => (rule.expression.test(name) ? rule.on : on), false);
}
