#include <gtest/gtest.h>

#include "core/routing/target.h"

namespace kt::routing {
namespace {

using openai::Endpoint;

class Plan : public ::testing::Test {
 protected:
  void SetUp() override {
    providers_.strategy = config::Strategy::kFallback;
    Add("a", "model-a", "");
    Add("b", "model-b", "chat");
    Add("c", "model-c", "embedding");
    Add("d", "model-b", "chat");
    providers_.model_groups.push_back({"smart", {"clever"}, {"d", "a"}});
  }
  void Add(const std::string& id, const std::string& model, const std::string& type) {
    config::Target target;
    target.id = id;
    target.model = model;
    target.endpoint_type = type;
    providers_.targets.push_back(target);
    available_.push_back(true);
  }
  std::vector<Target> Targets() {
    std::vector<Target> targets;
    for (size_t i = 0; i < providers_.targets.size(); ++i) {
      Target target;
      target.config = &providers_.targets[i];
      target.available = available_[i];
      targets.push_back(target);
    }
    return targets;
  }
  std::string Order(Endpoint endpoint, std::string_view model) {
    std::string ids;
    for (const size_t i : PlanTargets(providers_, Targets(), endpoint, model)) {
      ids += providers_.targets[i].id;
    }
    return ids;
  }
  config::Providers providers_;
  std::vector<bool> available_;
};

TEST_F(Plan, KeepsTheListedOrderOfThoseThatServeTheEndpoint) {
  EXPECT_EQ(Order(Endpoint::kChatCompletions, ""), "abd");
  EXPECT_EQ(Order(Endpoint::kResponses, ""), "abd");
  EXPECT_EQ(Order(Endpoint::kEmbeddings, ""), "ac");
}

TEST_F(Plan, TellsAnEndpointThatNoTargetHasFromTargetsThatAreOut) {
  const auto any = [this](Endpoint endpoint, std::string_view model) {
    return AnyServes(providers_, Targets(), endpoint, model);
  };
  EXPECT_FALSE(any(Endpoint::kEmbeddings, "b"));
  EXPECT_FALSE(any(Endpoint::kChatCompletions, "c"));
  available_ = {false, false, false, false};
  EXPECT_TRUE(any(Endpoint::kChatCompletions, "b"));
  EXPECT_TRUE(any(Endpoint::kEmbeddings, "smart"));
  EXPECT_TRUE(any(Endpoint::kEmbeddings, "whatever"));
}

TEST_F(Plan, ATargetIdRestrictsToThatTarget) {
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "b"), "b");
}

TEST_F(Plan, AGroupOrItsAliasRestrictsToItsMembersInTheirOrder) {
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "smart"), "da");
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "clever"), "da");
}

TEST_F(Plan, UnderFallbackTargetsOfTheModelGoFirst) {
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "model-b"), "bda");
  providers_.strategy = config::Strategy::kRoundRobin;
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "model-b"), "abd");
}

TEST_F(Plan, AnyOtherModelIsNoError) {
  EXPECT_EQ(Order(Endpoint::kChatCompletions, "gpt"), "abd");
}

TEST_F(Plan, UnavailableTargetsAreLeftOut) {
  available_[0] = false;
  EXPECT_EQ(Order(Endpoint::kChatCompletions, ""), "bd");
}

TEST_F(Plan, SingleUsesTheFirstAndNeverAnother) {
  providers_.strategy = config::Strategy::kSingle;
  EXPECT_EQ(Order(Endpoint::kChatCompletions, ""), "a");
  available_[0] = false;
  EXPECT_EQ(Order(Endpoint::kChatCompletions, ""), "");
}

TEST(ClassifyStatus, TellsTheClientsErrorsFromOurs) {
  EXPECT_EQ(ClassifyStatus(200, true), TryError::kNone);
  for (const int status : {400, 409, 413, 415, 422}) {
    EXPECT_EQ(ClassifyStatus(status, true), TryError::kNone) << status;
  }
  for (const int status : {401, 402, 403})
    EXPECT_EQ(ClassifyStatus(status, false), TryError::kAuth);
  EXPECT_EQ(ClassifyStatus(404, true), TryError::kModel);
  EXPECT_EQ(ClassifyStatus(404, false), TryError::kNone);
  EXPECT_EQ(ClassifyStatus(429, true), TryError::kRateLimit);
  for (const int status : {408, 421, 425, 499, 500, 503, 529, 599}) {
    EXPECT_EQ(ClassifyStatus(status, true), TryError::kServerError) << status;
  }
  for (const int status : {0, 101, 301, 307, 600}) {
    EXPECT_EQ(ClassifyStatus(status, true), TryError::kInvalid) << status;
  }
}

TEST(MayFailOver, FollowsTheTriggers) {
  config::Providers providers;
  providers.strategy = config::Strategy::kFallback;
  EXPECT_TRUE(MayFailOver(providers, TryError::kTimeout));
  EXPECT_FALSE(MayFailOver(providers, TryError::kNone));
  providers.fallback.timeout = false;
  EXPECT_FALSE(MayFailOver(providers, TryError::kTimeout));
  EXPECT_TRUE(MayFailOver(providers, TryError::kReset));
  providers.fallback.enabled = false;
  EXPECT_FALSE(MayFailOver(providers, TryError::kReset));
}

TEST(MayFailOver, SingleNeverDoes) {
  config::Providers providers;
  providers.strategy = config::Strategy::kSingle;
  EXPECT_FALSE(MayFailOver(providers, TryError::kConnect));
}

}  // namespace
}  // namespace kt::routing
