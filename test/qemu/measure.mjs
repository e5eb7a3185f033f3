/**
 * What a guest's accesses cost, of our server and of the one in C: both are devices of one guest, which uses them in turn.
 *
 * Invariant: whatever else this machine does meets both alike, since their turns are short (guest/main.c, which says what the numbers are). How
 * the figures of several boots differ says what they are worth.
 */
const BOOTS = 5;
/** Ours, and the one in C. */
const DEVICES = ['0000:01:00.0', '0000:02:00.0'];
const UNITS = { reads: 'a second', 'wake-median': 'us', 'wake-p95': 'us' };

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** One boot; what the guest measured of a device, by name. */
async function measureOnce(stage, servers) {
  const machine = await stage.boot({ iommu: true, servers });
  const lines = await machine.run(`agfx vfio measure ${DEVICES.join(' ')}`);
  await machine.powerOff();
  const figures = new Map(
    lines.map((line) => /^measured (\S+) (\S+) \S+ (\S+)$/.exec(line)).map((found) => [`${found?.[1]} ${found?.[3]}`, found?.[2]]),
  );
  return (name, device) => Number(figures.get(`${name} ${device}`));
}

/** Prints a line a figure: medians, and the proportion with that of each boot. */
export async function measure(stage) {
  const servers = [stage.server, await stage.serve('c')];
  const boots = [];
  for (let boot = 0; boot < BOOTS; boot++) boots.push(await measureOnce(stage, servers));
  for (const [name, unit] of Object.entries(UNITS)) {
    const [ours, c] = DEVICES.map((device) => boots.map((figure) => figure(name, device)));
    // A rate is better when it is higher, a time when it is lower.
    const ratios = boots.map((_, at) => (unit === 'us' ? c[at] / ours[at] : ours[at] / c[at]));
    const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
    console.log(
      `${name}: ours ${median(ours)} ${unit}, C ${median(c)} ${unit}; ours has ${median(ratios).toFixed(2)} of its rate (${each})`,
    );
  }
  return 0;
}
