/** The dashboards, alerts, service levels and routes of DawsOS. */
export {}
