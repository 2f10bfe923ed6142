// Monitoring as code: PromQL, rules, service levels, dashboards, routing, lints.
import { inFile } from "../inFile.ts"

export const mutations = [
  inFile(
    "src/mixin/promql/Operators.ts",
    ["test/mixin/PromQL.test.ts"],
    ["a share is 0 where nothing of the part happened", "or(part, multiply(whole, 0))", "part"],
    ["a share is nothing where there is no traffic", "greaterThan(whole, above))", "whole)"]
  ),
  inFile(
    "src/mixin/promql/Histograms.ts",
    ["test/mixin/PromQL.test.ts"],
    ["a quantile keeps the buckets apart", "by: [\"le\", ...by]", "by"]
  ),
  inFile(
    "src/mixin/promql/Render.ts",
    ["test/mixin/PromQL.parse.test.ts"],
    ["operands that bind less tightly stand between brackets", "const bare = own > outer", "const bare = own >= outer"]
  ),
  inFile(
    "src/mixin/ServiceLevel.ts",
    ["test/mixin/ServiceLevel.test.ts"],
    ["a burn is measured by the budget", "clean(burn.factor * budget)", "clean(burn.factor)"],
    [
      "a few bad events wake nobody",
      "(objective.minimumBad ?? 3) / (",
      "0 / ("
    ]
  ),
  inFile(
    "src/mixin/RulesFile.ts",
    ["test/mixin/Rules.test.ts"],
    [
      "a severity is a label of the alert",
      "labels: { severity: alert.severity, ...alert.labels }",
      "labels: { ...alert.labels }"
    ]
  ),
  inFile(
    "src/mixin/dashboard/Grid.ts",
    ["test/mixin/Dashboard.test.ts"],
    ["panels stay within the columns", "if (x + width > columns)", "if (x > columns)"]
  ),
  inFile(
    "src/mixin/Monitoring.ts",
    ["test/mixin/Monitoring.test.ts"],
    ["an alert leads to a dashboard that there is", "!uids.has(rule.dashboard)", "false"]
  ),
  inFile(
    "src/dawsos/mixin/routing.ts",
    ["test/dawsos/mixin/routing.test.ts"],
    [
      "one process that is down does not silence the others' alerts",
      "[Alertmanager.is(\"alertname\", targetDown), Alertmanager.is(\"severity\", \"critical\")]",
      "[Alertmanager.is(\"alertname\", targetDown)]"
    ]
  ),
  inFile(
    "src/mixin/lint/RateLints.ts",
    ["test/mixin/lint/expressions.test.ts"],
    [
      "a quantile over what is not apart by bucket is found",
      "? named : !named) return false",
      "? named : false) return false"
    ]
  )
].flat()
