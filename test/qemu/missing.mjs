/**
 * Why a machine can't run a real QEMU. It is no failure of the device's: `npm run test:qemu` ends with exit code 2 for it, and with 1 for a failure.
 */
export class Missing extends Error {}
