/**
 * The closed list of trace events, with QEMU's names and argument formats (device.md 8).
 *
 * A line is `name args`. What is not here: the IOSurface mapper's events, which come with it.
 */

const hex = (value: number): string => `0x${value.toString(16)}`;

/** How each event's arguments are written; the parameter types are the events' arguments. */
export const TRACE_FORMATS = {
  apple_gfx_read: (a: { offset: number; value: number }) => `offset=${hex(a.offset)} res=${hex(a.value)}`,
  apple_gfx_write: (a: { offset: number; value: number }) => `offset=${hex(a.offset)} val=${hex(a.value)}`,
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
  apple_gfx_new_frame: () => '',
  apple_gfx_mode_change: (a: { width: number; height: number }) => `x=${a.width} y=${a.height}`,
  apple_gfx_cursor_set: (a: { bpp: number; width: number; height: number }) => `bpp=${a.bpp} width=${a.width} height=${hex(a.height)}`,
  apple_gfx_cursor_show: (a: { show: number }) => `show=${a.show}`,
  apple_gfx_cursor_move: () => '',
  apple_gfx_common_init: (a: { name: string; length: number }) => `device: ${a.name}; MMIO size: ${a.length} bytes`,
} as const;

export type TraceName = keyof typeof TRACE_FORMATS;
export type TraceArgs<N extends TraceName> = Parameters<(typeof TRACE_FORMATS)[N]>[0];

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

/** Writes the lines of the events that are switched on to a sink; one per actor. */
export class Tracer {
  private readonly enabled = new Set<string>();

  constructor(
    globs: readonly string[],
    private readonly sink: (line: string) => void,
  ) {
    const matches = tracePattern(globs);
    for (const name of Object.keys(TRACE_FORMATS)) if (matches(name)) this.enabled.add(name);
  }

  emit<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    if (!this.enabled.has(name)) return;
    const format = TRACE_FORMATS[name] as (args: unknown) => string;
    const text = format(args);
    this.sink(text === '' ? name : `${name} ${text}`);
  }
}
