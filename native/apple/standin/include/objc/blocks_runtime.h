/* SPDX-License-Identifier: Apache-2.0
 *
 * objc/blocks_runtime.h - the header that GNUstep's headers look for where the compiler has blocks.
 */
#include <Block.h>
