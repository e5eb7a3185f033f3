/**
 * Which of the host's GPUs a device is made for.
 *
 * What it does not do: ask for them; the bridge lists them, in the system's order.
 */

export interface Gpu {
  /** It shares its memory with the processor, so that nothing need be copied. */
  readonly unifiedMemory: boolean;
  /** It can be unplugged while it is in use. */
  readonly removable: boolean;
  /** The one that the system prefers. */
  readonly isDefault: boolean;
}

/**
 * The index of the GPU to use: the first with unified memory; else the last of the list that is not removable; else
 * the system's default. null: there is none of these.
 */
export function chooseGpu(gpus: readonly Gpu[]): number | null {
  const choices = [
    gpus.findIndex((gpu) => gpu.unifiedMemory),
    gpus.findLastIndex((gpu) => !gpu.removable),
    gpus.findIndex((gpu) => gpu.isDefault),
  ];
  return choices.find((index) => index >= 0) ?? null;
}
