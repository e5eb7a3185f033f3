/**
 * What the threads of the PVG model can be told to do: plain data, as in src/bridge/scripted-steps.ts but for one display and without contents.
 */

/** Bytes of a page: mappings are of one, so that what is mapped is told by where. */
export const PAGE = 0x4000;

export type PvgStep =
  | { readonly do: 'createTask'; readonly task: number; readonly pages: number }
  | { readonly do: 'destroyTask'; readonly task: number }
  /** Maps a page of guest memory. */
  | { readonly do: 'map'; readonly task: number; readonly page: number; readonly gpa: number }
  | { readonly do: 'unmap'; readonly task: number; readonly page: number }
  /** PVG looks at what a page of a task shows. */
  | { readonly do: 'use'; readonly task: number; readonly page: number }
  | { readonly do: 'readMemory'; readonly gpa: number; readonly length: number }
  | { readonly do: 'iosfcMap'; readonly surface: number; readonly gpa: number; readonly length: number }
  | { readonly do: 'iosfcUse'; readonly surface: number }
  | { readonly do: 'iosfcUnmap'; readonly surface: number }
  /** Undoes a mapping of an address that need not be mapped. */
  | { readonly do: 'iosfcUnmapAddress'; readonly address: number }
  /** Goes on once another thread has made a task; has come to its end. */
  | { readonly do: 'awaitTask'; readonly task: number }
  | { readonly do: 'awaitThread'; readonly thread: string }
  /** `line`: of the IOSurface mapper's, if it isn't the device's. */
  | { readonly do: 'raiseInterrupt'; readonly vector: number; readonly line?: 'iosfcInterrupt' }
  | { readonly do: 'modeChange'; readonly width: number; readonly height: number }
  | { readonly do: 'newFrame' }
  | { readonly do: 'cursorGlyph'; readonly image: number }
  | { readonly do: 'cursorShow'; readonly show: boolean }
  | { readonly do: 'cursorMove'; readonly x: number; readonly y: number }
  /** Takes PVG's lock, and keeps it until it is told to let go. */
  | { readonly do: 'lock' }
  | { readonly do: 'unlock' };

/** A thread of PVG's. */
export interface PvgScript {
  readonly name: string;
  readonly steps: readonly PvgStep[];
  /** The access that starts it: whose and which; without it, it runs from the beginning. */
  readonly inside?: { readonly vcpu: number; readonly index: number };
  /** False: the access that starts it does not wait for it. */
  readonly awaited?: boolean;
}

/** Steps that may have to wait before they are made. */
export const MAY_WAIT: ReadonlySet<string> = new Set(['lock', 'awaitTask', 'awaitThread']);
