/**
 * What is shown in a real QEMU, as sequences of checks.
 *
 * Invariant: the scenarios go against one server, one behind the other, in this order: each begins with what the one before has left.
 */
import { createHash } from 'node:crypto';
import { deviceOf } from './vm.mjs';
import { romImage } from './server.mjs';

const FRAMES = 600;
const FRAMES_AGAIN = 60;
const FRAMES_ENDLESS = 1_000_000;
const GUEST_MODE = '1280x1024';
const DEVICES = 'cat /sys/bus/pci/devices/*/device';
const SHELL_TRIES = 100;

/** Has the guest's shell try until a condition holds. */
const until = (condition) => `n=0; until ${condition}; do n=$((n+1)); [ $n -lt ${SHELL_TRIES} ] || break; sleep 0.1; done; ${condition}`;

function expectIn(text, ...patterns) {
  for (const pattern of patterns) if (!pattern.test(text)) throw new TypeError(`nothing like ${pattern} in:\n${text}`);
}

/** Draws, and while the picture stands compares it; the guest's own checks become ours. */
async function draw(stage, machine, { way, frames, name }) {
  await stage.check(`${name}: the guest draws ${frames} frames`, async () => {
    machine.say(`agfx ${way} draw ${frames} ${GUEST_MODE}`);
    const lines = await machine.line(/^(standing|done) /);
    for (const line of lines.filter((each) => /^(ok|measured) /.test(each))) console.log(`  guest: ${line}`);
    const failure = lines.find((line) => line.startsWith('FAILED '));
    if (failure || !lines.at(-1).startsWith('standing')) throw new TypeError(failure ?? lines.at(-1));
  });
  if (stage.server.kind === 'ours') {
    const [width, height] = GUEST_MODE.split('x').map(Number);
    await stage.check(`${name}: the picture is the reference's`, () => stage.comparePicture(frames, { width, height }));
  }
  await machine.run('');
}

async function look(stage, machine) {
  await stage.check('lspci -vv shows the device', async () => {
    const text = (await machine.run('lspci -vvn -d 106b:eeee 2> /dev/null')).join('\n');
    const rom = stage.server.kind === 'ours' ? [/Expansion ROM at \w+ .*\[size=8K\]/] : [];
    const lines = [/^\S+ 0380: 106b:eeee/, /Region 0: Memory at \w+ .*\[size=16K\]/, /MSI: Enable- Count=1\/\d+ .*64bit\+/];
    expectIn(text, ...lines, /Express .*Endpoint/, ...rom);
    return text
      .split('\n')
      .filter((line) => /^\S|Region|ROM|Capabilities/.test(line))
      .map((line) => `\n  guest: ${line.trim()}`)
      .join('');
  });
  if (stage.server.kind !== 'ours') return;
  await stage.check('the guest reads the ROM as it is in the file', async () => {
    const rom = '/sys/bus/pci/devices/0000:01:00.0/rom';
    const [sum] = await machine.run(`echo 1 > ${rom}; sha256sum < ${rom}; echo 0 > ${rom}`);
    const expected = createHash('sha256').update(romImage()).digest('hex');
    if (!sum.startsWith(expected)) throw new TypeError(`its SHA-256 is ${sum}, not ${expected}`);
  });
}

async function quietQemu(stage, machine, name) {
  await stage.check(`${name}: QEMU has nothing to complain of`, () => {
    if (machine.errors !== '') throw new TypeError(machine.errors);
  });
}

/** As a machine without an IOMMU has it: the client maps all of its memory, and the MSI is whatever the guest has programmed. */
async function plain(stage) {
  const machine = await stage.boot();
  await look(stage, machine);
  await draw(stage, machine, { way: 'plain', frames: FRAMES, name: 'plain' });
  await stage.check('plain: the guest switches itself off', async () => {
    const status = await machine.powerOff();
    if (status !== 0) throw new TypeError(`QEMU's status is ${status}`);
  });
  await quietQemu(stage, machine, 'plain');
}

/** By vfio-pci in the guest: what the device reaches is what the guest's IOMMU lets it, and each MSI is an eventfd. */
async function iommu(stage) {
  const machine = await stage.boot({ iommu: true });
  await draw(stage, machine, { way: 'vfio', frames: FRAMES, name: 'iommu' });
  await stage.check('the device is unplugged, and the guest has none', async () => {
    await machine.qmp.execute('device_del', { id: 'gfx1' });
    await machine.qmp.event('DEVICE_DELETED');
    await machine.run(until(`! ${DEVICES} | grep -q eeee`));
  });
  await stage.check('the device is plugged in again, and the guest has it', async () => {
    await machine.qmp.execute('device_add', deviceOf(stage.server.socketPath));
    await machine.run(until(`${DEVICES} | grep -q eeee`));
  });
  await draw(stage, machine, { way: 'vfio', frames: FRAMES_AGAIN, name: 'plugged in again' });
  await quietQemu(stage, machine, 'iommu');
  await stage.check('QEMU is killed while the guest draws, and the server goes on', async () => {
    machine.say(`agfx vfio draw ${FRAMES_ENDLESS} ${GUEST_MODE}`);
    await machine.line(/^ok start/);
    const how = await machine.kill();
    if (how !== 'SIGKILL') throw new TypeError(`QEMU ended by ${how}`);
    stage.server.checkAlive();
  });
}

/** The last word. */
async function end(stage) {
  await stage.check('the server ends on SIGTERM', async () => {
    const how = await stage.server.stop();
    const expected = stage.server.kind === 'ours' ? 0 : 'SIGTERM';
    if (how !== expected) throw new TypeError(`it ended by ${how}, not by ${expected}: ${stage.server.errors}`);
  });
}

export const SCENARIOS = { iommu, plain, end };
