// Megabytes of one byte with a value behind them: it is found, and a look that would begin anew at
// each of these bytes would not come to an end.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

constexpr size_t kLong = size_t{8} << 20;

TEST(LongRuns, AValueBehindThemIsFound) {
  const auto chain = Build(ConfigWith({"prompt-injection", "pii-detector", "safety-filter"}));
  const std::string value = " jane.doe@acme.com", marker = " [EMAIL]";
  for (const char* bytes : {"\\", "/", "\\/", "-", "_", ".", "=", "+", "@", ":", "(", "a", "A", "0",
                            "&", "%", "\"", " ", "\n"}) {
    std::string text;
    while (text.size() < kLong) text += bytes;
    const Verdict verdict = Judge(*chain, text + value, policy::Phase::kOutput);
    EXPECT_TRUE(verdict.text == text + marker) << bytes << " " << verdict.code;
  }
}

}  // namespace
}  // namespace kt::policies
