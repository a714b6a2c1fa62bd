#include "core/detect/place_list.h"

namespace kt::detect {
namespace {

void ListPortable(std::span<const uint64_t> masks, PlaceList* out) noexcept {
  out->size = 0;
  for (size_t i = 0; i < masks.size(); ++i) {
    for (uint64_t left = masks[i]; left != 0; left &= left - 1) {
      out->at[out->size++] = static_cast<uint16_t>(i * kMaskBits + __builtin_ctzll(left));
    }
  }
}

#if defined(__x86_64__)
__attribute__((target("popcnt,bmi"))) void ListWithPopcnt(std::span<const uint64_t> masks,
                                                          PlaceList* out) noexcept {
  ListPlaces<4>(masks, out);
}

KT_WIDE_LIST void ListWide(std::span<const uint64_t> masks, PlaceList* out) noexcept {
  ListPlacesWide(masks, out);
}
#endif

}  // namespace

ListFunction PortableList() noexcept {
  return &ListPortable;
}

ListFunction BestList() noexcept {
#if defined(__x86_64__)
  if (wide::AreUsed()) return &ListWide;
  if (__builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi")) return &ListWithPopcnt;
#endif
  return &ListPortable;
}

}  // namespace kt::detect
