/* SPDX-License-Identifier: Apache-2.0
 *
 * objc/runtime.h - as much of the Objective-C runtime as the bridge uses.
 */
#ifndef STUB_RUNTIME_H
#define STUB_RUNTIME_H

#if defined(__arm64__)
typedef _Bool BOOL;
#else
typedef signed char BOOL;
#endif

typedef struct objc_method *Method;
typedef void (*IMP)(void);

id objc_getClass(const char *name);
Class object_getClass(id object);
Method class_getInstanceMethod(Class class, SEL selector);
const char *method_getTypeEncoding(Method method);
SEL sel_registerName(const char *name);

#endif
