#include "core/session/status_page.h"

#include "life.h"

namespace kt::session {
namespace {

TEST(StatusPage, HealthIsOkAndNamesThePack) {
  const auto gateway = MakeGateway(Yaml());
  StatusFacts facts;
  facts.audit_records_written = 7;
  const Reply reply = MakeStatusPage("/health", {gateway.get()}, facts);
  EXPECT_EQ(reply.status, 200);
  json::View view;
  ASSERT_TRUE(view.Parse(reply.body, 0, {}).ok());
  EXPECT_EQ(view.String(view.Find(0, "status")), "ok");
  EXPECT_EQ(view.String(view.Find(view.Find(0, "packs") + 1, "name")), "test");
  EXPECT_EQ(view.Unsigned(view.Find(view.Find(0, "audit"), "written"), 0), 7u);
}

TEST(StatusPage, TheConfigurationHoldsNoSecret) {
  const auto gateway = MakeGateway(Yaml());
  const Reply reply = MakeStatusPage("/gw/keeptrusts/config", {gateway.get()}, {});
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("main"), std::string::npos);
  EXPECT_EQ(reply.body.find("sk-test-key"), std::string::npos);
}

TEST(StatusPage, MetricsTellHowTheAuditLogFares) {
  StatusFacts facts;
  facts.audit_records_dropped = 3;
  facts.audit_writer_failing = true;
  const Reply reply = MakeStatusPage("/metrics", {}, facts);
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("\nkeeptrusts_audit_dropped_total 3\n"), std::string::npos);
  EXPECT_NE(reply.body.find("# TYPE keeptrusts_audit_writer_failing gauge\n"
                            "keeptrusts_audit_writer_failing 1\n"),
            std::string::npos);
}

TEST(StatusPage, AnyOtherPageIsA404) {
  const Reply reply = MakeStatusPage("/keeptrusts/secrets", {}, {}, "r-1");
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.body.find("\"code\":\"unsupported_endpoint\""), std::string::npos);
  EXPECT_NE(reply.body.find("\"request_id\":\"r-1\""), std::string::npos);
}

}  // namespace
}  // namespace kt::session
