/** The uids of the dashboards, by which alerts and links name them; each is also the name of its file. */
export const uids = {
  overview: "dawsos-overview",
  api: "dawsos-api",
  patterns: "dawsos-patterns",
  providers: "dawsos-providers",
  database: "dawsos-database",
  pricingPacks: "dawsos-pricing-packs",
  serviceLevels: "dawsos-service-levels",
  observability: "dawsos-observability"
} as const
