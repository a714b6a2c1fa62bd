// Files of examples: on each line what it is an example of, a tab and the text.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace kt::policies {

struct LabelledLine {
  std::string label, text;
};

// `name`: below this folder. A file of fewer than `least` lines fails the test.
inline std::vector<LabelledLine> LabelledLinesOf(const std::string& name, size_t least) {
  std::ifstream file(KT_SOURCE_DIR "/t/unit/policies/" + name);
  std::vector<LabelledLine> lines;
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    EXPECT_NE(tab, line.npos) << line;
    lines.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  EXPECT_GE(lines.size(), least) << name;
  return lines;
}

}  // namespace kt::policies
