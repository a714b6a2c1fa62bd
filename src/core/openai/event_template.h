// The ordinary case of a stream: an event that repeats, byte for byte, one that was read, but for
// its text. Recognised without another parse, and as strictly: the bytes around the text are those
// that were parsed and sorted before; the text must be the inside of a valid JSON string.
//
// Two more values may differ from event to event: `obfuscation`, an opaque string that only pads,
// and the `sequence_number` of `responses`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::openai {

class EventTemplate {
 public:
  // Takes an event as the example from now on, when it is one that others may repeat: nothing but a
  // piece of one plain text. Otherwise what was learned before stays.
  // `raw`: the event with its line ends; view: of its data, which is a part of `raw`.
  void Learn(std::string_view raw, const json::View& view, const EventInfo& info);

  struct Match {
    size_t size = 0;  // bytes of the event
    size_t data_begin = 0, data_end = 0;
    size_t text_begin = 0, text_end = 0;  // inside the quotes, not empty
    bool escaped = false;                 // the text holds escapes
    uint32_t sequence_number = 0;
  };
  // Is there a whole event of this kind at the beginning of `bytes`, which begin where an event
  // does? False also when one may be there that has to be parsed.
  bool Read(std::string_view bytes, Match* match) const noexcept;
  // What MapEvent said of the example. Precondition: something was learned.
  const EventInfo& info() const noexcept { return info_; }

 private:
  enum class Kind : uint8_t { kText, kId, kNumber };
  struct Slot {
    Kind kind;
    size_t begin, end;  // of its value in raw_
  };
  void AddSlot(Kind kind, size_t begin, size_t end);
  static bool ReadText(std::string_view bytes, size_t* at, Match* match) noexcept;
  static bool ReadId(std::string_view bytes, size_t* at) noexcept;
  static bool ReadNumber(std::string_view bytes, size_t* at, Match* match) noexcept;

  std::string raw_;  // empty: nothing learned
  std::array<Slot, 3> slots_{};
  size_t slot_count_ = 0;
  size_t data_begin_ = 0, behind_data_ = 0;
  EventInfo info_;
};

}  // namespace kt::openai
