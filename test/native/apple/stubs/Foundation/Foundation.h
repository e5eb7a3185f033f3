/* SPDX-License-Identifier: Apache-2.0
 *
 * Foundation/Foundation.h - as much of Foundation as the bridge uses, to compile it for Apple's targets where there are no headers of theirs.
 */
#ifndef STUB_FOUNDATION_H
#define STUB_FOUNDATION_H

#include <objc/runtime.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long NSInteger;
typedef unsigned long NSUInteger;
typedef struct { double width, height; } NSSize;
typedef struct _NSZone NSZone;

#define YES ((BOOL)1)
#define NO ((BOOL)0)
#define nil ((id)0)
#define Nil ((Class)0)
#define NS_RETURNS_RETAINED __attribute__((ns_returns_retained))

static inline NSSize NSMakeSize(double width, double height) { return (NSSize){width, height}; }

@class NSString;

@protocol NSObject
- (BOOL)isKindOfClass:(Class)class;
- (instancetype)retain;
- (oneway void)release;
- (instancetype)autorelease;
@end

__attribute__((objc_root_class))
@interface NSObject <NSObject> {
  Class isa;
}
+ (instancetype)alloc;
+ (Class)class;
- (instancetype)init;
- (id)copy;
- (void)dealloc;
- (IMP)methodForSelector:(SEL)selector;
@end

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char *)text;
- (const char *)UTF8String;
@end

@interface NSException : NSObject
- (NSString *)name;
- (NSString *)reason;
@end

@interface NSError : NSObject
- (NSString *)localizedDescription;
@end

@interface NSURL : NSObject
- (NSString *)path;
@end

@interface NSData : NSObject
- (instancetype)initWithBytes:(const void *)bytes length:(NSUInteger)length;
- (const void *)bytes;
- (NSUInteger)length;
@end

@interface NSArray : NSObject
- (NSUInteger)count;
- (id)objectAtIndex:(NSUInteger)index;
@end

@interface NSMutableArray : NSArray
+ (instancetype)arrayWithCapacity:(NSUInteger)capacity;
- (void)addObject:(id)object;
@end

#endif
