#include "core/detect/kinds_window.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::detect {
namespace {

// The same by looking at each place anew.
bool Holds(std::string_view text, size_t begin, size_t most, const ByteSet& alphabet,
           unsigned least) {
  ByteSet seen;
  for (size_t i = begin; i < text.size() && i - begin < most; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!alphabet[byte]) break;
    seen.set(byte);
  }
  return seen.count() >= least;
}

TEST(KindsWindow, CountsWhatStandsInARow) {
  ByteSet alphabet;
  for (const char c : std::string_view("abcdefgh=")) alphabet.set(static_cast<unsigned char>(c));
  std::string text;
  for (unsigned i = 0, state = 7; i < 3000; ++i) {
    state = state * 1103515245 + 12345;
    text += "aaaabbbbbcdefgh===== !"[(state >> 16) % (i / 500 % 2 == 0 ? 22 : 10)];
  }
  for (const unsigned least : {1u, 3u, 5u, 8u}) {
    for (const size_t most : {size_t{4}, size_t{20}, size_t{200}}) {
      for (const size_t step : {size_t{1}, size_t{3}, size_t{50}}) {
        KindsWindow window;
        for (size_t at = 0; at < text.size(); at += step) {
          ASSERT_EQ(window.Reaches(text, at, most, alphabet, least),
                    Holds(text, at, most, alphabet, least))
              << at << " " << least << " " << most;
        }
      }
    }
  }
}

}  // namespace
}  // namespace kt::detect
