#include "core/routing/known_addresses.h"

#include <gtest/gtest.h>

#include <thread>

namespace kt::routing {
namespace {

std::vector<IpAddress> Addresses(std::initializer_list<const char*> texts) {
  std::vector<IpAddress> addresses;
  for (const char* text : texts) addresses.push_back(*ParseIpAddress(text));
  return addresses;
}

TEST(KnownAddresses, BeginEmpty) {
  EXPECT_TRUE(KnownAddresses().Load().empty());
}

TEST(KnownAddresses, GiveBackTheLastThatWereStored) {
  KnownAddresses known;
  EXPECT_TRUE(known.Store(Addresses({"10.0.0.1", "2001:db8::1", "10.0.0.2"})));
  EXPECT_TRUE(known.Store(Addresses({"2001:db8::2", "10.0.0.3"})));
  EXPECT_EQ(known.Load(), Addresses({"2001:db8::2", "10.0.0.3"}));
}

TEST(KnownAddresses, KeepABoundedNumber) {
  KnownAddresses known;
  known.Store(std::vector<IpAddress>(200, *ParseIpAddress("10.0.0.1")));
  EXPECT_EQ(known.Load().size(), kMaxAddresses);
}

TEST(KnownAddresses, AReaderNeverSeesHalfOfAList) {
  KnownAddresses known;
  const auto one = Addresses({"10.0.0.1", "10.0.0.1", "10.0.0.1"});
  const auto two = Addresses({"10.0.0.2", "10.0.0.2"});
  known.Store(one);
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) known.Store(i % 2 == 0 ? two : one);
  });
  for (int i = 0; i < 20'000; ++i) {
    const auto seen = known.Load();
    EXPECT_TRUE(seen.empty() || seen == one || seen == two);
  }
  writer.join();
}

}  // namespace
}  // namespace kt::routing
