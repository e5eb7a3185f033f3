import { describe, expect, it } from 'vitest';
import { MigrationError } from '../../src/base/errors.js';
import { MigrationBlock, type MigrationBlocker } from '../../src/device/migration.js';

/** A VMM that writes down what it is told, under its name. */
const vmm = (log: string[], name = 'vmm'): MigrationBlocker => ({
  block: (reason) => log.push(`${name} block: ${reason}`),
  unblock: () => log.push(`${name} unblock`),
});
const refusing: MigrationBlocker = {
  block: () => {
    throw new RangeError('--only-migratable');
  },
  unblock: () => {
    throw new RangeError('it is gone');
  },
};
const blocked = "vmm block: the state of apple-gfx is bound to this host's GPU";

describe('migration', () => {
  it('is blocked by the first device and unblocked by the last, whichever that is', () => {
    const log: string[] = [];
    const block = new MigrationBlock();
    const first = block.hold(vmm(log));
    const second = block.hold(vmm(log));
    expect(log).toEqual([blocked]);
    first.release();
    expect(log).toEqual([blocked]);
    second.release();
    expect(log).toEqual([blocked, 'vmm unblock']);
  });

  it('is blocked anew by the next device', () => {
    const log: string[] = [];
    const block = new MigrationBlock();
    block.hold(vmm(log)).release();
    block.hold(vmm(log)).release();
    expect(log).toEqual([blocked, 'vmm unblock', blocked, 'vmm unblock']);
  });

  it('is unblocked where it was blocked, though the devices came with different blockers', () => {
    const log: string[] = [];
    const block = new MigrationBlock();
    const first = block.hold(vmm(log));
    const second = block.hold(vmm(log, 'another'));
    first.release();
    second.release();
    expect(log).toEqual([blocked, 'vmm unblock']);
  });

  it('is unblocked once, though a device gives its share back twice', () => {
    const log: string[] = [];
    const block = new MigrationBlock();
    const first = block.hold(vmm(log));
    const second = block.hold(vmm(log));
    first.release();
    first.release();
    expect(log).toEqual([blocked]);
    second.release();
    expect(log).toEqual([blocked, 'vmm unblock']);
  });

  it('that the VMM refuses to block is an error with its cause, and the next device asks again', () => {
    const block = new MigrationBlock();
    let error: unknown;
    try {
      block.hold(refusing);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(MigrationError);
    expect(error).toMatchObject({
      code: 'ERR_MIGRATION',
      message: "the device can't be made, since migration can't be blocked: --only-migratable",
      cause: new RangeError('--only-migratable'),
    });
    const log: string[] = [];
    block.hold(vmm(log)).release();
    expect(log).toEqual([blocked, 'vmm unblock']);
  });

  it('that the VMM refuses to unblock is an error, once', () => {
    const block = new MigrationBlock();
    const hold = block.hold({ ...refusing, block: () => {} });
    expect(() => hold.release()).toThrow(MigrationError);
    hold.release();
    const log: string[] = [];
    block.hold(vmm(log)).release();
    expect(log).toEqual([blocked, 'vmm unblock']);
  });
});
