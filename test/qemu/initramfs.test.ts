/**
 * The initramfs that the guest boots, read back by a reader of the format that shares nothing with its writer.
 */
import { expect, it } from 'vitest';

interface Writer {
  folder(path: string): void;
  file(path: string, content: string): void;
  pack(): Buffer;
}
const { Initramfs } = (await import(new URL('initramfs.mjs', import.meta.url).href)) as { Initramfs: new () => Writer };

interface Member {
  readonly name: string;
  readonly mode: string;
  readonly inode: number;
  readonly content: string;
}

/** The members of a "newc" archive up to its trailer: header of 110 bytes, name, content, each but the header's own begun at a multiple of 4. */
function read(archive: Buffer): Member[] {
  const members: Member[] = [];
  for (let at = 0; ; ) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number => Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [inode, mode, bytes, nameBytes] = [field(0), field(1), field(6), field(11)];
    const name = archive.toString('utf8', at + 110, at + 110 + nameBytes - 1);
    expect(archive[at + 110 + nameBytes - 1]).toBe(0);
    const start = Math.ceil((at + 110 + nameBytes) / 4) * 4;
    if (name === 'TRAILER!!!') {
      expect(start).toBe(archive.length);
      return members;
    }
    members.push({ name, mode: mode.toString(8), inode, content: archive.toString('utf8', start, start + bytes) });
    at = Math.ceil((start + bytes) / 4) * 4;
  }
}

it('holds files and folders, each behind the folder that it is in, and each with a number of its own', () => {
  const initramfs = new Initramfs();
  initramfs.file('bin/deep/program', 'abcde');
  initramfs.file('init', '');
  initramfs.folder('proc');
  const members = read(initramfs.pack());
  expect(members.map(({ name, mode, content }) => [name, mode, content])).toEqual([
    ['bin', '40755', ''],
    ['bin/deep', '40755', ''],
    ['bin/deep/program', '100755', 'abcde'],
    ['init', '100755', ''],
    ['proc', '40755', ''],
  ]);
  expect(new Set(members.map(({ inode }) => inode)).size).toBe(members.length);
});
