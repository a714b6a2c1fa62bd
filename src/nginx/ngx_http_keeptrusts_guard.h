// The border between nginx's C and the core's C++: no exception crosses it, and objects that live
// in an nginx pool are destroyed with it.
#pragma once

#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "ngx_http_keeptrusts_nginx.h"

namespace kt::nginx {

// Runs `body` and returns what it returns; an exception becomes one [alert] line and `otherwise`.
// Inside the body: core calls only. Never the next filter, a finalisation, or anything else that
// may re-enter nginx and free the request.
template <typename T, typename Body>
T Guard(ngx_log_t* log, T otherwise, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    ngx_log_error(NGX_LOG_ALERT, log, 0, "keeptrusts: unexpected failure: %s", e.what());
  } catch (...) {
    ngx_log_error(NGX_LOG_ALERT, log, 0, "keeptrusts: unexpected failure");
  }
  return otherwise;
}

// A T that is destroyed with the pool; nullptr when memory is out or the constructor throws. The
// cleanup handler is set last, so that a failed construction is never destroyed.
template <typename T, typename... Args>
T* NewInPool(ngx_pool_t* pool, Args&&... args) noexcept {
  static_assert(alignof(T) <= NGX_ALIGNMENT);
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
  if (cleanup == nullptr) return nullptr;
  try {
    ::new (cleanup->data) T(std::forward<Args>(args)...);
  } catch (...) {
    return nullptr;
  }
  cleanup->handler = [](void* object) { static_cast<T*>(object)->~T(); };
  return static_cast<T*>(cleanup->data);
}

inline std::string_view View(const ngx_str_t& s) noexcept {
  return {reinterpret_cast<const char*>(s.data), s.len};
}

// A zeroed buffer in the pool; nullptr when memory is out. (nginx's own macro is C only.)
inline ngx_buf_t* NewBuffer(ngx_pool_t* pool) noexcept {
  return static_cast<ngx_buf_t*>(ngx_pcalloc(pool, sizeof(ngx_buf_t)));
}

// A copy in the pool, with a NUL behind it; {0, nullptr} when memory is out.
ngx_str_t CopyToPool(ngx_pool_t* pool, std::string_view text) noexcept;

}  // namespace kt::nginx
