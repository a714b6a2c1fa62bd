// The spellings that the wire allows for a text and its events, and what a client reads of them.
#pragma once

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "core/detect/utf8.h"
#include "life.h"
#include "stream_places.h"

namespace kt::session {

// ---- spellings ---------------------------------------------------------------------------------

// The code points of a text; those beyond the BMP as their two halves, when `halves`.
inline std::vector<std::string> Units(const std::string& text, int form) {
  std::vector<std::string> units;
  for (const std::string& one : Pieces(text, 1)) {
    std::string plain = json::Quote(one);
    plain = plain.substr(1, plain.size() - 2);
    const auto lead = static_cast<unsigned char>(one[0]);
    uint32_t code = lead;
    if (lead >= 0xF0)
      code = lead & 0x07;
    else if (lead >= 0xE0)
      code = lead & 0x0F;
    else if (lead >= 0xC0)
      code = lead & 0x1F;
    for (size_t i = 1; i < one.size(); ++i) code = code << 6 | (one[i] & 0x3F);
    const auto escape = [&](uint32_t unit, bool upper) {
      char out[16];
      std::snprintf(out, sizeof out, upper ? "\\u%04X" : "\\u%04x", unit);
      units.emplace_back(out);
    };
    if (form == 0 || (form == 2 && units.size() % 2 == 0)) {
      units.push_back(plain);
    } else if (one == "/") {
      units.emplace_back("\\/");
    } else if (code >= 0x10000) {
      escape(0xD800 + ((code - 0x10000) >> 10), true);
      escape(0xDC00 + ((code - 0x10000) & 0x3FF), false);
    } else {
      escape(code, form == 1);
    }
  }
  return units;
}

inline std::string Joined(const std::vector<std::string>& units, size_t from, size_t to) {
  std::string out = "\"";
  for (size_t i = from; i < to; ++i) out += units[i];
  return out + "\"";
}

// The events of a text whose deltas end at `cuts` of its units, and what repeats it behind them.
inline std::string EventsOf(const Place& place, const std::vector<std::string>& units,
                            const std::vector<size_t>& cuts) {
  std::string events;
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : units.size();
    events += Event(place.event(Joined(units, from, to)));
    from = to;
  }
  return events + place.repeat(Joined(units, 0, units.size()));
}

// Every line end of `events` becomes `eol`; 3: each another.
inline std::string WithLineEnds(const std::string& events, int eol) {
  static const char* const kEnds[] = {"\n", "\r\n", "\r"};
  std::string out;
  size_t lines = 0;
  for (const char c : events) {
    if (c != '\n') {
      out += c;
      continue;
    }
    const bool blank = !out.empty() && (out.back() == '\n' || out.back() == '\r');
    // CR and a blank LF line behind it would be one line end.
    out += eol < 3 ? kEnds[eol] : (blank ? "\r\n" : kEnds[lines++ % 3]);
  }
  return out;
}

inline constexpr char kNoise[] = ": ping\n\n";

// ---- what the client gets ----------------------------------------------------------------------

inline std::string StringAt(const json::View& view, json::NodeIndex node,
                            std::span<const char* const> path) {
  if (node == json::kNoNode) return "";
  if (view.node(node).kind == json::Kind::kArray) {
    std::string out;
    for (json::NodeIndex i = node + 1; i < view.node(node).after; i = view.node(i).after) {
      out += StringAt(view, i, path);
    }
    return out;
  }
  if (path.empty()) return view.String(node);
  return StringAt(view, view.Find(node, path.front()), path.subspan(1));
}

struct Got {
  std::string text, error, last;
  bool complete = false;
  std::vector<std::string> data;
};

inline json::Limits Lenient() {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  return limits;
}

inline Got ReadAt(const std::string& stream, const Place& place) {
  Got got;
  if (stream.starts_with("{")) {  // nothing had gone out: a status
    json::View view;
    EXPECT_TRUE(view.Parse(stream, 0, {}).ok());
    got.error = view.String(view.Find(view.Find(0, "error"), "code"));
    return got;
  }
  ForEachData(stream, Lenient(), [&](std::string_view data, const json::View* view) {
    got.data.emplace_back(data);
    got.complete |= view == nullptr;
    if (view == nullptr) return;
    ReadErrorCode(*view, &got.error);
    got.text += StringAt(*view, 0, place.at);
    got.complete |= view->Equals(view->Find(0, "type"), "response.completed");
    got.last = data;
  });
  got.text = detect::PairHalves(got.text);
  return got;
}

}  // namespace kt::session
