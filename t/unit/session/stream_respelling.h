// Other spellings of one event: the order of its members, escapes in their names, blanks between,
// the lines and fields of its framing. A client reads the same of each.
#pragma once

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "life.h"

namespace kt::session {

class Respelling {
 public:
  explicit Respelling(uint32_t seed) : random_(seed) {}

  size_t Below(size_t n) { return random_() % n; }

  // The strings keep their spelling, the elements of arrays their order.
  std::string Json(const std::string& json) {
    json::Limits limits;
    limits.lone_surrogates = json::LoneSurrogates::kKeep;
    json::View view;
    EXPECT_TRUE(view.Parse(json, 0, limits).ok()) << json;
    return Value(view, 0);
  }

  // An event with this data, over one line or several.
  std::string Framed(const std::string& data) {
    static const char* const kBeside[] = {"",
                                          "",
                                          "",
                                          "id: 7\n",
                                          ": ping\n",
                                          "retry: 10\n",
                                          "id\n",
                                          ":\nnote:\n",
                                          "event: message\n",
                                          ": 4111 1111 1111 1111\n",
                                          ": jane.doe\nnote: @acme-mail.com\n"};
    std::string event = Beside(kBeside) + "data:" + (Below(3) > 0 ? " " : "");
    for (size_t i = 0; i < data.size(); ++i) {
      // Json writes a TAB only where a line may end; its beginning loses one blank.
      if (data[i] == '\t' && Below(2) == 0) {
        event += "\n" + Beside(kBeside) + (Below(2) == 0 ? "data: " : "data:");
      } else {
        event += data[i];
      }
    }
    return event + "\n" + Beside(kBeside) + "\n";
  }

 private:
  template <size_t n>
  std::string Beside(const char* const (&lines)[n]) {
    return lines[Below(n)];
  }
  std::string Blank() {
    static const char* const kBlanks[] = {"", "", "", " ", "\t", "  ", " \t"};
    return kBlanks[Below(7)];
  }
  // Some characters of the name as escapes.
  std::string Name(const json::View& view, json::NodeIndex node) {
    json::Decoded name;
    view.DecodeKey(node, &name);
    if (Below(3) > 0) return json::Quote(name.text());
    std::string out = "\"";
    for (const char c : name.text()) {
      char escape[8];
      std::snprintf(escape, sizeof escape, Below(2) == 0 ? "\\u%04x" : "\\u%04X",
                    static_cast<unsigned char>(c));
      out += Below(3) == 0 ? std::string(escape) : std::string(1, c);
    }
    return out + "\"";
  }
  std::string Value(const json::View& view, json::NodeIndex node) {
    const json::Node& own = view.node(node);
    const bool object = own.kind == json::Kind::kObject;
    if (!object && own.kind != json::Kind::kArray) {
      return std::string(view.text().substr(own.begin, own.end - own.begin));
    }
    std::vector<std::string> members;
    for (json::NodeIndex i = node + 1; i < own.after; i = view.node(i).after) {
      const std::string name = object ? Name(view, i) + Blank() + ":" + Blank() : "";
      members.push_back(name + Value(view, i));
    }
    if (object) std::shuffle(members.begin(), members.end(), random_);
    std::string out(1, object ? '{' : '[');
    for (size_t i = 0; i < members.size(); ++i) {
      out += (i > 0 ? "," : "") + Blank() + members[i] + Blank();
    }
    return out + (object ? '}' : ']');
  }

  std::mt19937 random_;
};

}  // namespace kt::session
