#include "core/sse/splitter.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "core/sse/lines.h"

namespace kt::sse {
namespace {

using std::string_literals::operator""s;

struct Got {
  std::string raw, data, name;
  bool has_data;
  bool operator==(const Got&) const = default;
};

void PrintTo(const Got& got, std::ostream* out) {
  *out << testing::PrintToString(got.raw) << " data " << testing::PrintToString(got.data)
       << " name " << testing::PrintToString(got.name) << " " << got.has_data;
}

void Drain(Splitter* splitter, std::vector<Got>* out) {
  Event event;
  while (true) {
    const Result<bool> more = splitter->Next(&event);
    ASSERT_TRUE(more.ok());
    if (!more.value()) return;
    out->push_back(
        {std::string(event.raw), std::string(event.data), std::string(event.name), event.has_data});
  }
}

// The events of `pieces`, and that nothing was lost.
std::vector<Got> Split(const std::vector<std::string_view>& pieces) {
  Splitter splitter(1000);
  std::vector<Got> events;
  std::string input, output;
  for (const std::string_view piece : pieces) {
    input += piece;
    splitter.Feed(piece);
    Drain(&splitter, &events);
  }
  for (const Got& event : events) output += event.raw;
  EXPECT_EQ(output + std::string(splitter.Rest()), input);
  return events;
}

struct Case {
  const char* name;
  std::string input;
  std::vector<Got> events;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"Empty", "", {}},
      {"Lf",
       "data: a\n\ndata: b\n\n",
       {{"data: a\n\n", "a", "", true}, {"data: b\n\n", "b", "", true}}},
      {"CrLf",
       "data: a\r\n\r\ndata: b\r\n\r\n",
       {{"data: a\r\n\r\n", "a", "", true}, {"data: b\r\n\r\n", "b", "", true}}},
      {"Cr",
       "data: a\r\rdata: b\r\r",
       {{"data: a\r\r", "a", "", true}, {"data: b\r\r", "b", "", true}}},
      {"CrLineThenCrLfBlank",
       "data: a\r\r\ndata: b\n\n",
       {{"data: a\r\r", "a", "", true}, {"\ndata: b\n\n", "b", "", true}}},
      {"LfLineThenCrLfBlank",
       "data: a\n\r\ndata: b\n\n",
       {{"data: a\n\r\n", "a", "", true}, {"data: b\n\n", "b", "", true}}},
      {"LfLineThenCrBlank",
       "data: a\n\rdata: b\n\n",
       {{"data: a\n\r", "a", "", true}, {"data: b\n\n", "b", "", true}}},
      {"CrLfLineThenLfBlank",
       "data: a\r\n\ndata: b\r\n\n",
       {{"data: a\r\n\n", "a", "", true}, {"data: b\r\n\n", "b", "", true}}},
      {"CrLineThenLfIsOneLineEnd",
       "data: a\r\ndata: b\r\r",
       {{"data: a\r\ndata: b\r\r", "a\nb", "", true}}},
      {"Bom",
       "\xEF\xBB\xBF"
       "data: a\n\n",
       {{"\xEF\xBB\xBF"
         "data: a\n\n",
         "a", "", true}}},
      {"BomThenBlank",
       "\xEF\xBB\xBF\n\ndata: a\n\n",
       {{"\xEF\xBB\xBF\n", "", "", false}, {"\n", "", "", false}, {"data: a\n\n", "a", "", true}}},
      {"BomOnlyFirst",
       "data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",
       {{"data: a\n\n", "a", "", true},
        {"\xEF\xBB\xBF"
         "data: b\n\n",
         "", "", false}}},
      {"Comments",
       ": hi\n\n:\n: x\ndata: a\n:y\n\n",
       {{": hi\n\n", "", "", false}, {":\n: x\ndata: a\n:y\n\n", "a", "", true}}},
      {"BlankLines",
       "\n\r\n\n\ndata: a\n\n",
       {{"\n", "", "", false},
        {"\r\n", "", "", false},
        {"\n", "", "", false},
        {"\n", "", "", false},
        {"data: a\n\n", "a", "", true}}},
      {"MultiLine",
       "data: a\ndata:b\ndata:  c\n\n",
       {{"data: a\ndata:b\ndata:  c\n\n", "a\nb\n c", "", true}}},
      {"DataWithoutColon", "data\n\n", {{"data\n\n", "", "", true}}},
      {"EmptyDataLines",
       "data:\ndata: \ndata\n\n",
       {{"data:\ndata: \ndata\n\n", "\n\n", "", true}}},
      {"Names",
       "event: a\nevent:b\ndata: x\n\ndata: y\n\n",
       {{"event: a\nevent:b\ndata: x\n\n", "x", "b", true}, {"data: y\n\n", "y", "", true}}},
      {"OtherFields",
       "id: 7\nretry: 10\nfoo\nDATA: no\ndata : no\n\n",
       {{"id: 7\nretry: 10\nfoo\nDATA: no\ndata : no\n\n", "", "", false}}},
      {"NulBytes", "data: a\0b\0\n\0\n\n"s, {{"data: a\0b\0\n\0\n\n"s, "a\0b\0"s, "", true}}},
      {"ColonsInData", "data::a: b\n\n", {{"data::a: b\n\n", ":a: b", "", true}}},
      {"Utf8",
       "data: \xF0\x9F\x98\x80\xE2\x80\xA8\n\n",
       {{"data: \xF0\x9F\x98\x80\xE2\x80\xA8\n\n", "\xF0\x9F\x98\x80\xE2\x80\xA8", "", true}}},
      {"Unfinished", "data: a\n\ndata: b\n", {{"data: a\n\n", "a", "", true}}},
      {"LongLines",
       "data: " + std::string(100, 'x') + "\r\n\r\n",
       {{"data: " + std::string(100, 'x') + "\r\n\r\n", std::string(100, 'x'), "", true}}},
  };
  return cases;
}

class SplitterCase : public testing::TestWithParam<Case> {};

TEST_P(SplitterCase, GivesTheExpectedEvents) {
  EXPECT_EQ(Split({GetParam().input}), GetParam().events);
}

TEST_P(SplitterCase, GivesTheSameAtEveryCut) {
  const std::string_view input = GetParam().input;
  for (size_t a = 0; a <= input.size(); ++a) {
    for (size_t b = a; b <= input.size(); b += 1 + input.size() / 40) {
      EXPECT_EQ(Split({input.substr(0, a), input.substr(a, b - a), input.substr(b)}),
                GetParam().events)
          << a << " " << b;
    }
  }
}

TEST_P(SplitterCase, GivesTheSameByteByByte) {
  std::vector<std::string_view> bytes;
  for (const char& c : GetParam().input) bytes.emplace_back(&c, 1);
  EXPECT_EQ(Split(bytes), GetParam().events);
}

INSTANTIATE_TEST_SUITE_P(Inputs, SplitterCase, testing::ValuesIn(Cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Splitter, EventInBareCrIsNotHeldBack) {
  EXPECT_EQ(Split({"data: a\r\r"}).size(), 1u);
  EXPECT_EQ(Split({"data: a\n\n"}).size(), 1u);
  EXPECT_EQ(Split({"data: a\r\n\r\n"}).size(), 1u);
  EXPECT_EQ(Split({"data: a\r\n\r"}).size(), 0u);
}

TEST(Splitter, TooLargeEventFailsForGoodAtAnyCut) {
  const std::string fits = "data: 890123\n\n", large = "data: 8901234\n\n";
  for (size_t cut = 0; cut <= large.size(); ++cut) {
    Splitter splitter(fits.size());
    Event event;
    splitter.Feed(fits);
    ASSERT_TRUE(splitter.Next(&event).value());
    splitter.Feed(std::string_view(large).substr(0, cut));
    if (cut <= fits.size()) {
      ASSERT_FALSE(splitter.Next(&event).value());
    }
    splitter.Feed(std::string_view(large).substr(cut));
    const Result<bool> result = splitter.Next(&event);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::kResourceExhausted);
    splitter.Feed("\n\n");
    EXPECT_FALSE(splitter.Next(&event).ok());
  }
}

TEST(Splitter, ReadsManyEventsFromOneBuffer) {
  std::string input;
  for (int i = 0; i < 100'000; ++i) input += "data: " + std::to_string(i) + "\r\r";
  Splitter splitter(100);
  splitter.Feed(input);
  std::vector<Got> events;
  Drain(&splitter, &events);
  ASSERT_EQ(events.size(), 100'000u);
  EXPECT_EQ(events.back().data, "99999");
  EXPECT_EQ(splitter.Rest(), "");
}

TEST(Lines, FirstBytesTellEventsFromOtherText) {
  for (const char* events :
       {"data: {}", "data:[DONE]", "d", "event: x", "id", "retry: 1", ": ping", ":"}) {
    EXPECT_TRUE(MayBegin(events)) << events;
  }
  for (const char* other : {"", "{", "[1]", "\"data:\"", "database", "error", " data:", "null",
                            "<html>", "events: x"}) {
    EXPECT_FALSE(MayBegin(other)) << other;
  }
}

TEST(Splitter, ReadsOnWhenEventsAreLeftInTheBuffer) {
  Splitter splitter(100);
  Event event;
  std::string data;
  for (int i = 0; i < 50; ++i) {
    splitter.Feed("data: a\n\ndata: b\n\ndat");
    ASSERT_TRUE(splitter.Next(&event).value());
    data += event.data;
    splitter.Feed("a: c\n\n");
  }
  std::vector<Got> rest;
  Drain(&splitter, &rest);
  for (const Got& got : rest) data += got.data;
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "abc";
  EXPECT_EQ(data, expected);
}

TEST(Writer, AppendsAnEvent) {
  std::string out;
  AppendEvent("", "{}", &out);
  AppendEvent("error", "a\nb\r\nc\rd", &out);
  EXPECT_EQ(out,
            "data: {}\n\n"
            "event: error\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  const std::vector<Got> events = Split({out});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].data, "a\nb\nc\nd");
  EXPECT_EQ(events[1].name, "error");
}

TEST(Writer, ReplacesDataAndKeepsAllElse) {
  const auto replaced = [](std::string_view raw) {
    std::string out;
    AppendWithData(raw, "{}", &out);
    return out;
  };
  EXPECT_EQ(replaced("data: a\n\n"), "data: {}\n\n");
  EXPECT_EQ(replaced(": c\r\nevent: x\r\ndata:a\r\nid: 1\r\ndata:b\r\n\r\n"),
            ": c\r\nevent: x\r\ndata: {}\r\nid: 1\r\n\r\n");
  EXPECT_EQ(replaced("\ndata: a\rid\r\r"), "\ndata: {}\rid\r\r");
  EXPECT_EQ(replaced("\xEF\xBB\xBF"
                     "data: a\n\n"),
            "\xEF\xBB\xBF"
            "data: {}\n\n");
  EXPECT_EQ(replaced("data\n\n"), "data: {}\n\n");
}

}  // namespace
}  // namespace kt::sse
