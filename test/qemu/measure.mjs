/**
 * What a guest's accesses cost, of our server and of the one in C, in turn so that both meet the machine in the same mood.
 *
 * Invariant: each boot measures one server, which is new. What a number means is in guest/main.c; what is compared are medians.
 */
const BOOTS = 3;
const RUNS = 3;
const NAMES = ['reads', 'wake-median', 'wake-p95'];
const WAYS = { vfio: true };

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function once(stage, kind, found) {
  await stage.restartServer(kind);
  for (const [way, iommu] of Object.entries(WAYS)) {
    const machine = await stage.boot({ iommu });
    for (let run = 0; run < RUNS; run++) {
      const lines = await machine.run(`agfx ${way} measure`);
      for (const [, name, value] of lines.map((line) => /^measured (\S+) (\S+)/.exec(line) ?? [])) {
        if (name) found[name].push(Number(value));
      }
    }
    await machine.powerOff();
  }
}

/** Prints a line a number, and the proportion of both. */
export async function measure(stage) {
  const found = Object.fromEntries(['ours', 'c'].map((kind) => [kind, Object.fromEntries(NAMES.map((name) => [name, []]))]));
  for (let boot = 0; boot < BOOTS; boot++) {
    for (const kind of ['ours', 'c']) await once(stage, kind, found[kind]);
  }
  for (const name of NAMES) {
    const [ours, c] = [median(found.ours[name]), median(found.c[name])];
    const ratio = name === 'reads' ? ours / c : c / ours;
    console.log(`${name}: ours ${ours}, C ${c}, ours has ${ratio.toFixed(2)} of its rate (${BOOTS * RUNS} runs each)`);
  }
  return 0;
}
