/**
 * How the arguments of trace events stand in a line, as patterns from which lines are read, and declarations for QEMU's own tools are made.
 *
 * A pattern is the text of a line's arguments with `{name:type}` where one stands: `x` a number in hexadecimal, `q` one of 64 bits that a recording has
 * in two halves (`name` and `high`), `h` one that QEMU prints in decimal behind 0x and we don't, `u` and `d` in decimal, `k` the name of a message's kind,
 * `m` that of a machine, `s` any text. An event may have several patterns, of which the first that fits counts.
 *
 * Invariant: a line that TRACE_FORMATS (src/trace/events.ts) writes fits (a test tries them all).
 */
import { MACHINE_NAMES, type TraceName } from '../../trace/events.js';

const QUEUED = 'kind={kind:k} id={id:x} cause={cause:u}';
const BLOCK = 'queue=render kind={kind:k} id={id:x}';
const ACCESS_READ = 'offset={offset:x} res={value:q}';
const ACCESS_WRITE = 'offset={offset:x} val={value:q}';
const IOSFC_MAP = 'phys={gpa:x} len={length:x} ro={readOnly:d} va={va:x} e={e:x} f={f:x} -> *va={address:x}';

export const EVENT_PATTERNS: Readonly<Record<TraceName, readonly string[]>> = {
  apple_gfx_read: [ACCESS_READ],
  apple_gfx_write: [ACCESS_WRITE],
  apple_gfx_create_task: ['vm_size={length:x} base_addr={base:x}'],
  apple_gfx_destroy_task: ['task={task:x}, task->mapped_regions->len={regions:u}'],
  apple_gfx_map_memory: ['task={task:x} range_count={count:x} virtual_offset={offset:x} read_only={readOnly:d}'],
  apple_gfx_map_memory_range: ['[{index:u}] phys_addr={gpa:x} phys_len={length:x}'],
  apple_gfx_remap: ['retval={status:d} source={source:x} target={target:x}'],
  apple_gfx_unmap_memory: ['task={task:x} virtual_offset={offset:x} length={length:x}'],
  apple_gfx_read_memory: ['phys_addr={gpa:x} length={length:x} dest={destination:x}'],
  apple_gfx_raise_irq: ['vector={vector:x}'],
  apple_gfx_new_frame: [''],
  apple_gfx_mode_change: ['x={width:u} y={height:u}'],
  apple_gfx_cursor_set: ['bpp={bpp:u} width={width:u} height={height:h}'],
  apple_gfx_cursor_show: ['show={show:d}'],
  apple_gfx_cursor_move: [''],
  apple_gfx_common_init: ['device: {name:s}; MMIO size: {length:u} bytes'],
  apple_gfx_common_realize_modes_property: ["using {count:u} modes supplied by 'display-modes' device property"],
  apple_gfx_display_mode: ['mode {index:u}: {width:u}x{height:u}'],
  apple_gfx_mmio_iosfc_read: [ACCESS_READ],
  apple_gfx_mmio_iosfc_write: [ACCESS_WRITE],
  apple_gfx_iosfc_map_memory: [`${IOSFC_MAP}, success = {ok:d}`, IOSFC_MAP],
  apple_gfx_iosfc_map_memory_new_region: ['index={index:u}, region={region:x}, {start:x}-{end:x}'],
  apple_gfx_iosfc_unmap_memory: ['a={a:x} b={b:x} c={c:x} d={d:x} e={e:x} f={f:x}'],
  apple_gfx_iosfc_unmap_memory_region: [
    'mapping @ {address:x} in region {index:u}, map count {count:u}, memory region {region:x}',
    'unmapping @ {address:x} from memory region {region:x}',
  ],
  apple_gfx_iosfc_raise_irq: ['vector={vector:x}'],
  agfx_traces_lost: ['count={count:u}'],
  agfx_bh_scheduled: [QUEUED],
  agfx_bh_began: [QUEUED],
  agfx_bh_ended: [QUEUED],
  agfx_bql_requested: [QUEUED],
  agfx_bql_taken: [QUEUED],
  agfx_bql_released: [''],
  agfx_bql_wait_began: ['job={job:u} depth={depth:u}'],
  agfx_bql_wait_ended: ['job={job:u} depth={depth:u}'],
  agfx_job_submitted: ['job={job:u} cause={cause:u}'],
  agfx_job_began: ['job={job:u}'],
  agfx_job_ended: ['job={job:u} ok={ok:u}'],
  agfx_job_completed: ['job={job:u} ok={ok:u}'],
  agfx_queue_posted: [`queue=render ${QUEUED}`],
  agfx_queue_began: [BLOCK],
  agfx_queue_ended: [BLOCK],
  agfx_batch_taken: ['count={count:u}'],
  agfx_message_taken: ['kind={kind:k} id={id:x} thread={thread:u} detail={detail:x}'],
  agfx_machine_started: ['machine={machine:m} instance={instance:u} state={state:u}'],
  agfx_machine_moved: ['machine={machine:m} instance={instance:u} event={event:u} state={state:u}'],
  agfx_message_posted: ['kind={kind:k} id={id:x} mailbox={mailbox:x}'],
  agfx_encode_began: ['frame={frame:u} display={display:u}'],
  agfx_encode_ended: ['frame={frame:u} display={display:u} ok={ok:u}'],
  agfx_frame_shown: ['display={display:u} present={present:u}'],
  agfx_batch_ended: [''],
};

export type ArgumentType = 'x' | 'q' | 'h' | 'u' | 'd' | 'k' | 'm' | 's';

/** A pattern taken apart. */
export interface ParsedPattern {
  readonly expression: RegExp;
  /** In the order of the expression's groups. */
  readonly arguments: readonly PatternArgument[];
}

export interface PatternArgument {
  /** As recordings call it. */
  readonly field: string;
  readonly type: ArgumentType;
  /** As the line calls it, unless it calls two by one name. */
  readonly label: string;
}

const SOURCES: Readonly<Record<ArgumentType, string>> = {
  x: '(0x[0-9a-f]{1,16}|\\(nil\\))',
  q: '(0x[0-9a-f]{1,16})',
  h: '(0x[0-9a-f]{1,16})',
  // QEMU pads some of them.
  u: ' *(\\d{1,20})',
  d: '(-?\\d{1,20})',
  k: '([\\w.-]{1,64})',
  m: `(${MACHINE_NAMES.join('|')})`,
  s: '(.{1,200}?)',
};
const ARGUMENT = /\{(\w+):(\w)\}/g;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function parsePattern(pattern: string): ParsedPattern {
  const args: PatternArgument[] = [];
  let source = '';
  let at = 0;
  for (const match of pattern.matchAll(ARGUMENT)) {
    const literal = pattern.slice(at, match.index);
    const [, field = '', type] = match;
    const label = /(\w+)=$/.exec(literal)?.[1] ?? field;
    args.push({ field, type: type as ArgumentType, label: args.some((each) => each.label === label) ? field : label });
    source += escaped(literal) + SOURCES[type as ArgumentType];
    at = match.index + match[0].length;
  }
  return { expression: new RegExp(`^${source}${escaped(pattern.slice(at))}$`), arguments: args };
}

/** By the event's name. */
export const PARSED_PATTERNS: ReadonlyMap<string, readonly ParsedPattern[]> = new Map(
  Object.entries(EVENT_PATTERNS).map(([name, patterns]) => [name, patterns.map(parsePattern)]),
);

/** The pattern for people: `offset=0x… res=0x…`. */
export function describePattern(pattern: string): string {
  return pattern.replace(ARGUMENT, (_, __, type: string) => (type === 'x' || type === 'q' || type === 'h' ? '0x…' : '…'));
}
