/**
 * Metrics that are not the catalogue's but may be asked for all the same: what Prometheus, Alertmanager, Jaeger and Node
 * expose themselves. Declared as definitions, so that a query on them is checked like any other.
 */
import * as Catalogue from "../Catalogue.ts"

/** 1 while Prometheus can scrape a target. */
export const up = Catalogue.gauge({ name: "up", help: "1 while the target can be scraped" })
