#include "core/detect/work_budget.h"

#include <ctime>

namespace kt::detect {

bool WorkBudget::IsLate() noexcept {
  unseen_ = 0;
  timespec now{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return late_;
  const uint64_t ns =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  if (begin_ns_ == 0) begin_ns_ = ns;
  late_ = late_ || ns - begin_ns_ > allowed_ns_;
  return late_;
}

}  // namespace kt::detect
