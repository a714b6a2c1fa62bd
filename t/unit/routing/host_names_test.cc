#include "core/routing/host_names.h"

#include <gtest/gtest.h>

namespace kt::routing {
namespace {

using Texts = std::vector<std::string>;

Texts Written(const std::vector<IpAddress>& addresses) {
  Texts texts;
  for (const IpAddress& address : addresses) texts.push_back(IpAddressText(address));
  return texts;
}

TEST(IpAddress, IsReadAndWritten) {
  EXPECT_EQ(IpAddressText(*ParseIpAddress("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(IpAddressText(*ParseIpAddress("2001:DB8::1")), "[2001:db8::1]");
}

TEST(IpAddress, ANameOrAScopedAddressIsNone) {
  for (const char* text : {"", "name", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "[::1]", "::1 "}) {
    EXPECT_FALSE(ParseIpAddress(text)) << text;
  }
  EXPECT_FALSE(ParseIpAddress(std::string(1000, '1')));
}

TEST(Hosts, GivesEveryAddressOfANameInOrder) {
  const std::string hosts =
      "127.0.0.1\tlocalhost\n# 10.9.9.9 llm\n::1 localhost ip6-localhost # own\n"
      "10.0.0.1 a LLM b\n10.0.0.2 llm.example llm\n10.0.0.1 llm";
  EXPECT_EQ(Written(AddressesInHosts(hosts, "localhost")), (Texts{"127.0.0.1", "[::1]"}));
  EXPECT_EQ(Written(AddressesInHosts(hosts, "llm")), (Texts{"10.0.0.1", "10.0.0.2"}));
  EXPECT_EQ(Written(AddressesInHosts(hosts, "own")), Texts{});
  EXPECT_EQ(Written(AddressesInHosts(hosts, "10.0.0.1")), Texts{});
}

TEST(Hosts, PassesOverWhatIsNoAddress) {
  EXPECT_EQ(Written(AddressesInHosts("oops llm\nfe80::1%lo llm\n\r\n10.0.0.3 llm\r\n", "llm")),
            Texts{"10.0.0.3"});
}

TEST(Hosts, KeepsABoundedNumberOfAddresses) {
  std::string hosts;
  for (int i = 0; i < 200; ++i) hosts += "10.0.0." + std::to_string(i) + " llm\n";
  EXPECT_EQ(AddressesInHosts(hosts, "llm").size(), kMaxAddresses);
}

TEST(ResolvConf, GivesNameserversSearchAndDots) {
  const ResolvConf conf = ParseResolvConf(
      "# made by dhcp\nnameserver 10.0.0.53\nnameserver fe80::1%eth0\n;nameserver 10.9.9.9\n"
      "nameserver 2001:db8::53 # second\nsearch old.example\nsearch ns.svc.cluster.local. "
      "Corp.Example\noptions rotate ndots:5 timeout:1\nsortlist 1.2.3.4\n");
  EXPECT_EQ(Written(conf.nameservers), (Texts{"10.0.0.53", "[2001:db8::53]"}));
  EXPECT_EQ(conf.search, (Texts{"ns.svc.cluster.local", "corp.example"}));
  EXPECT_EQ(conf.ndots, 5u);
}

TEST(ResolvConf, IsBounded) {
  std::string text = "options ndots:99999\nsearch";
  for (int i = 0; i < 100; ++i) text += " d" + std::to_string(i);
  text += "\n";
  for (int i = 0; i < 100; ++i) text += "nameserver 10.0.0." + std::to_string(i) + "\n";
  const ResolvConf conf = ParseResolvConf(text);
  EXPECT_EQ(conf.nameservers.size(), 3u);
  EXPECT_EQ(conf.search.size(), 32u);
  EXPECT_EQ(conf.ndots, 15u);
}

TEST(ResolvConf, OfAnEmptyFileAsksTheNameAsItIs) {
  EXPECT_EQ(NamesToAsk(ParseResolvConf(""), "llm"), (Texts{"llm"}));
}

TEST(NamesToAsk, PutsSearchDomainsFirstForANameOfFewDots) {
  ResolvConf conf;
  conf.search = {"a.test", "b.test"};
  conf.ndots = 2;
  EXPECT_EQ(NamesToAsk(conf, "llm.x"), (Texts{"llm.x.a.test", "llm.x.b.test", "llm.x"}));
  EXPECT_EQ(NamesToAsk(conf, "api.llm.x"),
            (Texts{"api.llm.x", "api.llm.x.a.test", "api.llm.x.b.test"}));
}

TEST(NamesToAsk, LeavesOutNamesThatAreTooLong) {
  ResolvConf conf;
  conf.search = {std::string(250, 'd')};
  EXPECT_EQ(NamesToAsk(conf, "llm"), (Texts{"llm"}));
}

}  // namespace
}  // namespace kt::routing
