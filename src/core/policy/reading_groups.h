// The pieces of a view. Private to policy/.
#pragma once

#include <cstddef>

#include "core/detect/decode_views.h"

namespace kt::policy {

// Where the piece of a view that holds part `first` ends: what did not stand together in the text
// is divided by a line feed, and is matched by itself, as a stream would see it.
inline size_t GroupEnd(const detect::View& view, size_t* part) {
  size_t i = *part + 1;
  while (i < view.parts.size() && view.parts[i].begin == view.parts[i - 1].end) ++i;
  *part = i;
  return i < view.parts.size() ? view.parts[i].at - 1 : view.text.size();
}

}  // namespace kt::policy
