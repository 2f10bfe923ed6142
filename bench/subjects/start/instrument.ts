// As Sentry's documentation has it: imported before anything else.
import * as Sentry from "@sentry/node"

export const client = Sentry.init({ dsn: process.env["SENTRY_DSN"] })
