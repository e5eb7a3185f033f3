/**
 * What the bridge, compiled for Apple's targets, leaves to others: the systems' frameworks and libraries, and the C that it shares with the software PVG. Anything
 * else in it would be a dependency that nobody has decided on.
 */

/** Of Metal, Foundation, libdispatch, the Objective-C runtime, the compiler's, and libc. */
export const SYSTEM = [
  '_MTLCopyAllDevices', '_MTLCreateSystemDefaultDevice', '_OBJC_CLASS_$_MTLTextureDescriptor', '_OBJC_CLASS_$_NSData',
  '_OBJC_CLASS_$_NSException', '_OBJC_CLASS_$_NSMutableArray', '_OBJC_CLASS_$_NSObject', '_OBJC_CLASS_$_NSString', '_OBJC_EHTYPE_id',
  '_OBJC_METACLASS_$_NSObject', '__Block_copy', '__Block_object_assign', '__Block_object_dispose', '__Block_release',
  '__NSConcreteGlobalBlock', '__NSConcreteStackBlock', '__Unwind_Resume', '___objc_personality_v0', '___stack_chk_fail',
  '___stack_chk_guard', '___stderrp', '__objc_empty_cache', '__tlv_bootstrap', '_calloc', '_class_getInstanceMethod',
  '_dispatch_queue_create', '_dispatch_release', '_dlerror', '_dlopen', '_dlsym', '_fprintf', '_free', '_getenv', '_malloc', '_memchr',
  '_memcpy', '_method_getTypeEncoding', '_objc_alloc', '_objc_alloc_init', '_objc_autorelease', '_objc_autoreleasePoolPop',
  '_objc_autoreleasePoolPush', '_objc_begin_catch', '_objc_end_catch', '_objc_getClass', '_objc_msgSend', '_objc_msgSendSuper2',
  '_objc_release', '_objc_retain', '_object_getClass', '_pthread_cond_broadcast', '_pthread_cond_destroy', '_pthread_cond_signal',
  '_pthread_detach', '_pthread_join', '_pthread_mutex_destroy', '_pthread_mutex_init', '_pthread_mutex_lock', '_pthread_mutex_unlock',
  '_pthread_once', '_sel_registerName', '_snprintf', '_strchr', '_strcmp', '_strlen', '_strncmp', '_vsnprintf',
] as const;

/** Of native/*.c. */
export const SHARED = [
  '_pvg_last_error', '_pvg_page_size', '_pvgi_check_config', '_pvgi_check_modes', '_pvgi_check_ranges', '_pvgi_cond_init',
  '_pvgi_device_await_callers', '_pvgi_device_end', '_pvgi_device_enter', '_pvgi_device_init', '_pvgi_device_leave',
  '_pvgi_device_publish', '_pvgi_device_retire', '_pvgi_fail', '_pvgi_glyphs_held', '_pvgi_group_add_device',
  '_pvgi_group_remove_device', '_pvgi_note_begin', '_pvgi_note_end', '_pvgi_now_ns', '_pvgi_own_number', '_pvgi_polling_make',
  '_pvgi_post', '_pvgi_post_glyph', '_pvgi_ram_acquire', '_pvgi_ram_find', '_pvgi_ram_release', '_pvgi_range_acquire',
  '_pvgi_range_release', '_pvgi_texture_drop', '_pvgi_texture_publish', '_pvgi_texture_retire', '_pvgi_texture_retire_of',
  '_pvgi_texture_take', '_pvgi_thread_create', '_pvgi_tiles', '_pvgi_tiles_show', '_pvgi_upcall', '_pvgi_upcalls_stop',
  '_pvgi_wait_end', '_pvgi_wait_step',
] as const;
