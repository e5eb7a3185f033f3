/**
 * Arrays of integers that grow by doubling.
 */

/** The same numbers, and room for as many again, or for `length`. */
export function grown(array: Int32Array<ArrayBuffer>, length = 0): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(2 * array.length, length));
  larger.set(array);
  return larger;
}
